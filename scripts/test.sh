#!/usr/bin/env bash
# npm test: sets up, checks types, lint and format, and runs all tests. The last line is the count.
#   npm test -- -g PATTERN            only the tests that match, no checks
#   npm test -- test/unit/a.spec.ts   only the tests of these files and folders, no checks
# All options: see scripts/lib/commands.mjs.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments test "$@"
if ! hand_on scripts/setup.sh --quiet; then
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
. .local/env
# npm asks the registry for its own news, in a test's process as well.
export npm_config_update_notifier=false
exec node test/runner/test.mjs "$@"
