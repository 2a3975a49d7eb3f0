#!/usr/bin/env bash
# npm run inventory: who holds which certificate. Options: see scripts/lib/commands.mjs.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
check_arguments inventory "$@"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/inventory/main.ts" "$@"
