#!/usr/bin/env bash
# npm run rollover: where the rollover of a CA stands. Options: see scripts/lib/commands.mjs.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
check_arguments rollover "$@"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/rollover/main.ts" "$@"
