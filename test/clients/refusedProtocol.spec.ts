import {
    deviceToken,
    describeRefused,
    future,
    past,
    Refused,
    registered,
    signature,
} from "../support/refusals";
import { addDevice, addHub, uploadCa } from "../support/hubs";
import { issue } from "../support/pki";

const tokens: Refused[] = [
    {
        name: "a shared access signature where the hub forbids local authentication",
        reason: "sasDisabled",
        errorCode: 401003,
        detail: /does not accept shared access signatures from devices \(disableLocalAuth\)/,
        attempt: async (world, deviceId) => {
            const hub = addHub(world.emulator.emulator, `local-${deviceId}`, {
                disableLocalAuth: true,
            });
            const device = addDevice(hub, deviceId, "sas");
            return { host: hub.hostName, options: { password: deviceToken(hub, device) } };
        },
    },
    {
        name: "a shared access signature where the hub forbids them to devices",
        reason: "sasDisabled",
        errorCode: 401003,
        detail: /\(disableDeviceSAS\); use a certificate/,
        attempt: async (world, deviceId) => {
            const hub = addHub(world.emulator.emulator, `sas-${deviceId}`, {
                disableDeviceSAS: true,
            });
            const device = addDevice(hub, deviceId, "sas");
            return { host: hub.hostName, options: { password: deviceToken(hub, device) } };
        },
    },
    {
        name: "an expired shared access signature",
        reason: "sasExpired",
        errorCode: 401003,
        detail: /token expired at/,
        attempt: async (world, deviceId) => {
            const device = addDevice(world.hub, deviceId, "sas");
            return { options: { password: deviceToken(world.hub, device, past(1)) } };
        },
    },
    {
        name: "a shared access signature of a wrong key",
        reason: "sasWrongKey",
        errorCode: 401003,
        detail: /not signed with the primary or secondary key/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            const key = Buffer.alloc(32, 1).toString("base64");
            const resource = `${world.hub.hostName}/devices/${deviceId}`;
            return { options: { password: signature(resource, key, future(1)) } };
        },
    },
    {
        name: "a shared access signature of another device",
        reason: "sasWrongResource",
        errorCode: 401003,
        detail: /token is for ".*\/devices\/another", not for/,
        attempt: async (world, deviceId) => {
            const device = addDevice(world.hub, deviceId, "sas");
            const key = device.authentication.symmetricKey.primaryKey ?? "";
            const resource = `${world.hub.hostName}/devices/another`;
            return { options: { password: signature(resource, key, future(1)) } };
        },
    },
    {
        name: "a policy without DeviceConnect",
        reason: "sasPolicyLacksDeviceConnect",
        errorCode: 401003,
        detail: /policy "registryRead" lacks the right DeviceConnect/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            const { keyName, primaryKey } = world.hub.policies[1];
            const token = signature(world.hub.hostName, primaryKey, future(1), keyName);
            return { options: { password: token } };
        },
    },
    {
        name: "a policy that does not exist",
        reason: "sasUnknownPolicy",
        errorCode: 401003,
        detail: /has no policy "owner"/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            const { primaryKey } = world.hub.policies[0];
            const token = signature(world.hub.hostName, primaryKey, future(1), "owner");
            return { options: { password: token } };
        },
    },
    {
        name: "a password that is no shared access signature",
        reason: "sasMalformed",
        errorCode: 401003,
        detail: /not of the form SharedAccessSignature/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            return { options: { password: "hunter2" } };
        },
    },
];

const protocol: Refused[] = [
    {
        name: "MQTT 5",
        reason: "protocolVersionUnsupported",
        errorCode: 400001,
        code: 1,
        detail: /uses MQTT 5; IoT Hub accepts MQTT 3\.1\.1 only/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { protocolVersion: 5 } };
        },
    },
    {
        name: "MQTT 3.1",
        reason: "protocolVersionUnsupported",
        errorCode: 400001,
        code: 1,
        detail: /an older version of MQTT/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { protocolVersion: 3, protocolId: "MQIsdp" } };
        },
    },
    {
        name: "an empty client ID",
        reason: "clientIdMissing",
        errorCode: 400004,
        code: 2,
        detail: /client ID is empty/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { clientId: "", clean: true } };
        },
    },
    {
        name: "a module's client ID",
        reason: "modulesNotImplemented",
        errorCode: 400004,
        detail: /does not emulate module identities/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = `${world.hub.hostName}/${deviceId}/m/?api-version=2021-04-12`;
            return { leaf, options: { clientId: `${deviceId}/m`, username } };
        },
    },
    {
        name: "a will that is not telemetry",
        reason: "willTopicUnsupported",
        errorCode: 400004,
        detail: /will's topic must be/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const will = { topic: "last/words", payload: Buffer.from("x") };
            return { leaf, options: { will } };
        },
    },
    {
        name: "a hub that asks for TLS 1.3, spoken to in TLS 1.2",
        reason: "tlsVersionTooLow",
        errorCode: 401003,
        detail: /requires TLS 1\.3 or newer \(minTlsVersion\); the client used TLSv1\.2/,
        attempt: async (world, deviceId) => {
            const hub = addHub(world.emulator.emulator, `tls-${deviceId}`, {
                minTlsVersion: "1.3",
            });
            uploadCa(hub, "root", world.root);
            addDevice(hub, deviceId, "certificateAuthority");
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, host: hub.hostName, options: { maxVersion: "TLSv1.2" } };
        },
    },
    {
        name: "a hub that is not active yet",
        reason: "hubNotActive",
        errorCode: 403001,
        detail: /is Activating; wait/,
        attempt: async (world, deviceId) => {
            const hub = addHub(world.emulator.emulator, `new-${deviceId}`);
            hub.state = "Activating";
            return { host: hub.hostName };
        },
    },
];

describeRefused("refused for its shared access signature", tokens);
describeRefused("refused for its CONNECT packet or its hub", protocol);
