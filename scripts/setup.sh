#!/usr/bin/env bash
# Makes this folder ready to run: npm packages, the Pulumi CLI and its plugins, all below this folder.
# Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v node >/dev/null || { echo "setup: Node.js is not on PATH: https://nodejs.org" >&2; exit 1; }
. scripts/lib/lock
# Other commands pass this, and start at once.
[ "$*" = --quiet ] || check_arguments setup "$@"
lock setup
exec node scripts/setup/setup.mjs "$@"
