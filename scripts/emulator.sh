#!/usr/bin/env bash
# npm run emulator: sets up, then starts the local Azure. Options: see emulator/commandLine.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments emulator "$@"
hand_on scripts/setup.sh --quiet
exec node -r ./scripts/lib/typescript.js -- emulator/main.ts "$@"
