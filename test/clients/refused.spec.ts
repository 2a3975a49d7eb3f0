import { describeRefused, Refused, registered } from "../support/refusals";
import { addDevice } from "../support/hubs";
import { userName } from "../support/mqttClient";
import { issue, selfSigned } from "../support/pki";

const names: Refused[] = [
    {
        name: "the common name is another device's",
        reason: "commonNameMismatch",
        errorCode: 401003,
        detail: /must equal the device ID ".*"; found "someone-else"|found "someone-else"/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { leaf: await issue(world.root, { commonName: "someone-else" }) };
        },
    },
    {
        name: "the common name differs in letter case",
        reason: "commonNameMismatch",
        errorCode: 401003,
        detail: /letter case included; found "DEVICE-/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { leaf: await issue(world.root, { commonName: deviceId.toUpperCase() }) };
        },
    },
    {
        name: "the leaf has no common name",
        reason: "commonNameMismatch",
        errorCode: 401003,
        detail: /found none/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: "", organisation: "O=MyOrg" });
            return { leaf };
        },
    },
    {
        name: "the client ID is another than the user name's device",
        reason: "clientIdMismatch",
        errorCode: 401003,
        detail: /client ID "not-the-device" and the device of the user name/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { clientId: "not-the-device" } };
        },
    },
    {
        name: "the user name names another device",
        reason: "clientIdMismatch",
        errorCode: 401003,
        detail: /"neighbour", differ/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            addDevice(world.hub, "neighbour", "certificateAuthority");
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = userName(world.hub.hostName, "neighbour");
            return { leaf, options: { username } };
        },
    },
    {
        name: "the user name lacks the API version",
        reason: "apiVersionMissing",
        errorCode: 400004,
        detail: /lacks "\/\?api-version=/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = `${world.hub.hostName}/${deviceId}`;
            return { leaf, options: { username } };
        },
    },
    {
        name: "the API version is no date",
        reason: "apiVersionMalformed",
        errorCode: 400004,
        detail: /api-version "latest"/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = `${world.hub.hostName}/${deviceId}/?api-version=latest`;
            return { leaf, options: { username } };
        },
    },
    {
        name: "there is no user name",
        reason: "userNameMissing",
        errorCode: 400004,
        detail: /no user name; it must be/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { username: undefined } };
        },
    },
    {
        name: "the user name is not of IoT Hub's form",
        reason: "userNameMalformed",
        errorCode: 400004,
        detail: /"somebody" is not "\{host\}\/\{deviceId\}/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { username: "somebody" } };
        },
    },
    {
        name: "the user name's host is another hub than TLS went to",
        reason: "hubMismatch",
        errorCode: 401003,
        detail: /connected to "first\.azure-devices\.net" but its user name names "second/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = userName(world.other.hostName, deviceId);
            return { leaf, options: { username } };
        },
    },
    {
        name: "no such hub exists",
        reason: "hubUnknown",
        errorCode: 401001,
        detail: /no hub has the host name "nowhere\.azure-devices\.net"/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, host: "nowhere.azure-devices.net" };
        },
    },
];

const identities: Refused[] = [
    {
        name: "the device is not registered",
        reason: "deviceUnknown",
        errorCode: 404001,
        detail: /hub first has no device ".*"/,
        attempt: async (world, deviceId) => ({
            leaf: await issue(world.root, { commonName: deviceId }),
        }),
    },
    {
        name: "the device is registered with another hub",
        reason: "deviceUnknown",
        errorCode: 404001,
        detail: /hub second has no device/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, host: world.other.hostName };
        },
    },
    {
        name: "the device is disabled",
        reason: "deviceDisabled",
        errorCode: 403012,
        detail: /is disabled: stolen; enable it/,
        attempt: async (world, deviceId) => {
            const device = registered(world, deviceId);
            device.status = "disabled";
            device.statusReason = "stolen";
            return { leaf: await issue(world.root, { commonName: deviceId }) };
        },
    },
    {
        name: "no certificate was sent",
        reason: "certificateMissing",
        errorCode: 401003,
        detail: /sent no certificate in TLS/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return {};
        },
    },
    {
        name: "a certificate, but the device's type is sas",
        reason: "authenticationTypeMismatch",
        errorCode: 401003,
        detail: /has authentication type sas; give it type certificateAuthority or selfSigned/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            return { leaf: await issue(world.root, { commonName: deviceId }) };
        },
    },
    {
        name: "a password, but the device's type is certificateAuthority",
        reason: "authenticationTypeMismatch",
        errorCode: 401003,
        detail: /sent a password/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { options: { password: "SharedAccessSignature sr=a&sig=b&se=1" } };
        },
    },
    {
        name: "neither certificate nor password for a device of type sas",
        reason: "credentialsMissing",
        errorCode: 401003,
        detail: /neither a certificate nor a password/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            return {};
        },
    },
    {
        name: "the thumbprint is another's",
        reason: "thumbprintMismatch",
        errorCode: 401003,
        detail: /neither the primary nor the secondary/,
        attempt: async (world, deviceId) => {
            const registeredOne = await selfSigned({ commonName: deviceId });
            addDevice(world.hub, deviceId, "selfSigned", [registeredOne.thumbprint]);
            return { leaf: await selfSigned({ commonName: deviceId }) };
        },
    },
    {
        name: "CA-signed, but the device's type is selfSigned",
        reason: "thumbprintMismatch",
        errorCode: 401003,
        detail: /signed by a CA: give the device type certificateAuthority/,
        attempt: async (world, deviceId) => {
            const registeredOne = await selfSigned({ commonName: deviceId });
            addDevice(world.hub, deviceId, "selfSigned", [registeredOne.thumbprint256]);
            return { leaf: await issue(world.root, { commonName: deviceId }) };
        },
    },
    {
        name: "type selfSigned without any thumbprint",
        reason: "thumbprintNotSet",
        errorCode: 401003,
        detail: /type selfSigned but no thumbprint/,
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "selfSigned");
            return { leaf: await selfSigned({ commonName: deviceId }) };
        },
    },
    {
        name: "self-signed, but the device's type is certificateAuthority",
        reason: "selfSigned",
        errorCode: 401003,
        detail: /is self-signed.*give the device type selfSigned and this thumbprint/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { leaf: await selfSigned({ commonName: deviceId }) };
        },
    },
];

describeRefused("refused for its names", names);
describeRefused("refused for its identity", identities);
