#!/usr/bin/env bash
# The tutorial's steps 3 and 4 (github.com/nawazdhandala), once for each device: devices.sh HOST KEY <IDS
# Its `az iot hub device-identity create` comes from an extension of az that has to be downloaded when it is first used.
# Here `az rest` makes the same call: one process of az as well, without the time that the extension takes to load.
set -euo pipefail
host=$1
key=$2
while read -r DEVICE_ID; do
    if [ "$key" = RSA-2048 ]; then
        openssl genrsa -out "devices/$DEVICE_ID.key" 2048
    else
        openssl ecparam -name prime256v1 -genkey -noout -out "devices/$DEVICE_ID.key"
    fi
    openssl req -new -key "devices/$DEVICE_ID.key" -out "devices/$DEVICE_ID.csr" -subj "/CN=$DEVICE_ID/O=MyOrg/C=US"
    openssl x509 -req -in "devices/$DEVICE_ID.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
        -out "devices/$DEVICE_ID.pem" -days 365 -sha256
    openssl verify -CAfile ca.pem "devices/$DEVICE_ID.pem"
    az rest --method put --resource https://iothubs.azure.net \
        --url "https://$host/devices/$DEVICE_ID?api-version=2021-04-12" \
        --body "{\"deviceId\":\"$DEVICE_ID\",\"status\":\"enabled\",\"authentication\":{\"type\":\"certificateAuthority\"}}" \
        </dev/null
done
