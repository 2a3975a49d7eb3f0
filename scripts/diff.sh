#!/usr/bin/env bash
# npm run diff: what a change does to a fleet. Options: see scripts/lib/commands.mjs.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
check_arguments diff "$@"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/diff/main.ts" "$@"
