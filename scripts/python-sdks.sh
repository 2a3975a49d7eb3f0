#!/usr/bin/env bash
# Prints the path of a Python with azure-iot-device and azure-iot-hub, which it installs from PyPI into .local (seconds, 65 MB).
# Status 1: they cannot be had here (the reason is on standard error); 3: and that because there is no Python, or PyPI cannot
# be reached.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/lock
lock python-sdks
exec node scripts/setup/pythonSdks.mjs
