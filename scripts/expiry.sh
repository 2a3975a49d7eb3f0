#!/usr/bin/env bash
# npm run expiry: which certificates end soon. Options: see scripts/lib/commands.mjs.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
check_arguments expiry "$@"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/expiry/main.ts" "$@"
