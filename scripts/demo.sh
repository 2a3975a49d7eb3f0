#!/usr/bin/env bash
# npm run demo: sets up, then shows the whole life of a fleet on the emulator. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments demo "$@"
official=
for argument; do [ "$argument" != --official ] || official=--official; done
hand_on scripts/setup.sh $official
. .local/env
exec node -r ./scripts/lib/typescript.js -- scripts/demo/main.ts "$@"
