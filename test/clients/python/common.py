"""What each script is told, as one JSON object in its first argument, and the emulator's address for MQTT."""

import json
import os
import sys
from urllib.parse import urlsplit

from azure.iot.device import IoTHubDeviceClient, Message, ProxyOptions, X509

told = json.loads(sys.argv[1])
seconds = 20


def certificate():
    """The device's certificate chain and key."""
    return X509(cert_file=told["chainFile"], key_file=told["keyFile"])


def connection():
    """MQTT through the emulator's CONNECT proxy: the SDK's port is always 8883."""
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    with open(os.environ["SSL_CERT_FILE"], encoding="ascii") as file:
        trusted = file.read()
    return {
        "proxy_options": ProxyOptions("HTTP", proxy.hostname, proxy.port),
        "server_verification_cert": trusted,
    }


def hub_client(host_name, device_id):
    """A client that tries once."""
    return IoTHubDeviceClient.create_from_x509_certificate(
        x509=certificate(),
        hostname=host_name,
        device_id=device_id,
        connection_retry=False,
        auto_connect=False,
        **connection(),
    )


def send(host_name, device_id, text):
    client = hub_client(host_name, device_id)
    try:
        client.connect()
        client.send_message(Message(text))
    finally:
        client.shutdown()


def report(**results):
    print(json.dumps(results))
