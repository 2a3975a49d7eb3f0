"""Identities, twins and queries of a hub, with a Microsoft Entra token."""

from azure.identity import EnvironmentCredential
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import ExportImportDevice, QuerySpecification, Twin, TwinProperties

from common import report, told

manager = IoTHubRegistryManager.from_token_credential(told["hostName"], EnvironmentCredential())
device_id = told["deviceId"]
primary, secondary = told["thumbprints"]

made = manager.create_device_with_certificate_authority(device_id, "enabled")
disabled = manager.update_device_with_certificate_authority(device_id, made.etag, "disabled")
pinned = manager.create_device_with_x509(f"{device_id}-own", primary, secondary, "enabled")
bulk = manager.bulk_create_or_update_devices(
    [ExportImportDevice(id=f"{device_id}-{n}", import_mode="create", status="enabled",
                        authentication=made.authentication) for n in range(2)]
)
manager.update_twin(device_id, Twin(tags={"site": "hall-3"}), "*")
manager.update_twin(
    device_id, Twin(properties=TwinProperties(desired={"interval": 5})), "*"
)
twin = manager.get_twin(device_id)
try:
    manager.update_device_with_certificate_authority(device_id, made.etag, "enabled")
    stale = None
except Exception as error:  # pylint: disable=broad-except
    stale = error.response.status_code
query = QuerySpecification(query="SELECT * FROM devices WHERE tags.site = 'hall-3'")
found = manager.query_iot_hub(query).items
for one in [device_id, f"{device_id}-own", f"{device_id}-0", f"{device_id}-1"]:
    manager.delete_device(one)
report(
    kind=made.authentication.type,
    status=disabled.status,
    thumbprint=pinned.authentication.x509_thumbprint.primary_thumbprint,
    bulk=bulk.is_successful,
    tags=twin.tags,
    desired=twin.properties.desired["interval"],
    stale=stale,
    found=[one.device_id for one in found],
    left=manager.get_device_registry_statistics().total_device_count,
)
