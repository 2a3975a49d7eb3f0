#!/usr/bin/env bash
# npm run plan: what a stack's configuration will cost. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments plan "$@"
if [ ! -f node_modules/.package-lock.json ]; then
    echo "plan: the npm packages are not installed — run: npm ci --ignore-scripts" >&2
    exit 1
fi
exec node -r ./scripts/lib/typescript.js -- cli/plan/main.ts "$@"
