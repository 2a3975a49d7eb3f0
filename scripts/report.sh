#!/usr/bin/env bash
# npm run report: who holds which certificate, as an HTML file. Options: see scripts/lib/commands.mjs.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
check_arguments report "$@"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/report/main.ts" "$@"
