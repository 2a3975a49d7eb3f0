#!/usr/bin/env bash
# npm run fleet: deploys a hub's stack and its fleet stacks as one. See cli/fleet/main.ts.
set -eu
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/lib/handOn"
hand_on "$repository/scripts/setup.sh" --quiet
exec node -r "$repository/scripts/lib/typescript.js" -- "$repository/cli/fleet/main.ts" "$@"
