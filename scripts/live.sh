#!/usr/bin/env bash
# npm run live: the essential path on a subscription of yours, recorded. Options: see scripts/lib/commands.mjs.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib/handOn
check_arguments live "$@"
case " $* " in
*" --compare "*) ;;
*" --emulator "*) hand_on scripts/setup.sh ;;
*)
    # Before anything is set up: what it costs must be accepted.
    if [ -z "${IOT_X509_LIVE_SUBSCRIPTION-}" ] || [ "${IOT_X509_LIVE_COST-}" != accepted ]; then
        cat >&2 <<'TEXT'
live: this makes an IoT hub (S1) and a provisioning service in a subscription of yours and deletes them again, in half an
hour or so. A hub is billed by the day: about one US dollar; see Azure's price lists of IoT Hub. To run it, log in as for
`pulumi up`, and set
  IOT_X509_LIVE_SUBSCRIPTION=ID  the subscription
  IOT_X509_LIVE_COST=accepted    the cost is accepted
On an emulator in Azure's place, for nothing: npm run live -- --emulator
TEXT
        exit 2
    fi
    hand_on scripts/setup.sh --official
    ;;
esac
exec node -r ./scripts/lib/typescript.js -- cli/live/main.ts "$@"
