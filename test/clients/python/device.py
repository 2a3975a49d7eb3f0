"""Telemetry, twin, direct method and cloud-to-device message of a connected device, which answers its service."""

import queue

from azure.iot.device import Message, MethodResponse

from common import hub_client, report, seconds, told

client = hub_client(told["hostName"], told["deviceId"])
patches = queue.Queue()
methods = queue.Queue()
messages = queue.Queue()
client.connect()
client.on_twin_desired_properties_patch_received = patches.put
client.on_method_request_received = methods.put
client.on_message_received = messages.put

message = Message('{"temperature":21.5}', content_encoding="utf-8", content_type="application/json")
message.message_id = "m 1/ä"
message.custom_properties["alarm&state"] = "50% = hälfte"
client.send_message(message)
twin = client.get_twin()
client.patch_twin_reported_properties({"firmware": "1.0"})
print("ready", flush=True)

patch = patches.get(timeout=seconds)
request = methods.get(timeout=seconds)
client.send_method_response(
    MethodResponse.create_from_method_request(request, 207, {"delay": request.payload["delay"]})
)
received = messages.get(timeout=seconds)
client.shutdown()
report(
    desired=twin["desired"]["interval"],
    patch=patch["interval"],
    method=request.name,
    message=received.data.decode(),
    colour=received.custom_properties["colour"],
)
