#!/usr/bin/env bash
# npm run check: what would keep a first `up` from succeeding. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments check "$@"
if [ ! -f node_modules/.package-lock.json ]; then
    echo "check: the npm packages are not installed — run: npm ci --ignore-scripts" >&2
    exit 1
fi
exec node -r ./scripts/lib/typescript.js -- cli/check/main.ts "$@"
