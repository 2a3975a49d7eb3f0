#!/usr/bin/env bash
# Prints a folder with a `node` for each major version that this project supports, one a line: "22 /path/to/bin". They come
# from npm (100 MB each, into .local); that of the Node.js which runs now is its own.
# Status 1: one cannot be had here (the reason is on standard error); 3: and that because npm's registry cannot be reached.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/lock
lock node-versions
exec node scripts/setup/nodeVersions.mjs
