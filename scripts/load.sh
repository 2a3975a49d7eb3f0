#!/usr/bin/env bash
# npm run load: sets up, then puts load on an emulator. Arguments: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments load "$@"
hand_on scripts/setup.sh --quiet
exec node -r ./scripts/lib/typescript.js -- test/support/launch.ts \
    node -r ./scripts/lib/typescript.js -- bench/load/main.ts "$@"
