"""Connects to a hub with a certificate and sends one message."""

from common import report, send, told

try:
    send(told["hostName"], told["deviceId"], "from Python")
    report(sent=True)
except Exception as error:  # pylint: disable=broad-except
    report(sent=False, error=type(error).__name__)
