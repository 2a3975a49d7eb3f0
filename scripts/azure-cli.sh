#!/usr/bin/env bash
# Prints the path of an `az`: the one on PATH, or else one that it installs from PyPI into .local (a minute, 730 MB).
# Status 1: it cannot be had here (the reason is on standard error); 3: and that because there is no Python, or PyPI cannot
# be reached.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/lock
lock azure-cli
exec node scripts/setup/azureCli.mjs
