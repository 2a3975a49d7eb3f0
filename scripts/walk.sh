#!/usr/bin/env bash
# npm run walk: sets up, then walks. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments walk "$@"
hand_on scripts/setup.sh --quiet
exec node -r ./scripts/lib/typescript.js -- test/walk/main.ts "$@"
