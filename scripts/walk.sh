#!/usr/bin/env bash
# npm run walk: sets up, then walks. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments walk "$@"
hand_on scripts/setup.sh --quiet
exec node -r ts-node/register/transpile-only -- test/walk/main.ts "$@"
