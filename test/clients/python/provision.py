"""Registers at a provisioning service with a certificate, and sends a message to the hub that it is assigned to."""

from azure.iot.device import ProvisioningDeviceClient

from common import certificate, connection, report, send, told

client = ProvisioningDeviceClient.create_from_x509_certificate(
    provisioning_host="global.azure-devices-provisioning.net",
    registration_id=told["deviceId"],
    id_scope=told["idScope"],
    x509=certificate(),
    **connection(),
)
try:
    result = client.register()
    state = result.registration_state
    if result.status == "assigned":
        send(state.assigned_hub, state.device_id, "from Python")
    report(
        status=result.status,
        hub=getattr(state, "assigned_hub", None),
        deviceId=getattr(state, "device_id", None),
        substatus=getattr(state, "sub_status", None),
    )
except Exception as error:  # pylint: disable=broad-except
    report(status=type(error).__name__, cause=str(error.__cause__ or error))
