#!/usr/bin/env bash
# npm run bench: sets up, then measures. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments bench "$@"
hand_on scripts/setup.sh --quiet
exec node -r ./scripts/lib/typescript.js -- bench/main.ts "$@"
