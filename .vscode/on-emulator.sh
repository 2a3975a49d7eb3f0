#!/usr/bin/env bash
# Runs a command against the emulator that the task "emulator" started, with a stack, state and settings file of its own:
# stack "debug", .local/debug/state, Pulumi.debug.yaml (a copy of Pulumi.dev.yaml; change it as you like).
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .local/env
. .local/debug/emulator.env
mkdir -p .local/debug/state
export PULUMI_BACKEND_URL="file://$PWD/.local/debug/state"
export PULUMI_CONFIG_PASSPHRASE=debug
if [ ! -f Pulumi.debug.yaml ]; then
    cp Pulumi.dev.yaml Pulumi.debug.yaml
fi
# The debugger follows every Node.js process; these two need not wait for it.
NODE_OPTIONS='' pulumi stack select --create debug
exec "$@"
