import { describeRefused, past, future, Refused, registered } from "../support/refusals";
import { addDevice, uploadCa } from "../support/hubs";
import { chain, issue, makeCa, selfSigned } from "../support/pki";

const dates: Refused[] = [
    {
        name: "the leaf has expired",
        reason: "leafExpired",
        errorCode: 401003,
        detail: /leaf "CN=.*" expired at .*renew it/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const validity = { notBefore: past(48), notAfter: past(1) };
            const leaf = await issue(world.root, { commonName: deviceId, ...validity });
            return { leaf };
        },
    },
    {
        name: "the leaf is not valid yet",
        reason: "leafNotYetValid",
        errorCode: 401003,
        detail: /not valid before .*; check the clock/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId, notBefore: future(1) });
            return { leaf };
        },
    },
    {
        name: "the intermediate has expired",
        reason: "intermediateExpired",
        errorCode: 401003,
        detail: /intermediate "CN=Old Intermediate" expired/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const validity = { notBefore: past(48), notAfter: past(1) };
            const options = { commonName: "Old Intermediate", ca: true, ...validity };
            const intermediate = await issue(world.root, options);
            const leaf = await issue(intermediate, { commonName: deviceId });
            return { leaf, cert: chain(leaf, intermediate) };
        },
    },
    {
        name: "the intermediate is not valid yet",
        reason: "intermediateNotYetValid",
        errorCode: 401003,
        detail: /intermediate "CN=Early Intermediate" is not valid before/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const options = { commonName: "Early Intermediate", ca: true, notBefore: future(1) };
            const intermediate = await issue(world.root, options);
            const leaf = await issue(intermediate, { commonName: deviceId });
            return { leaf, cert: chain(leaf, intermediate) };
        },
    },
    {
        name: "the uploaded CA has expired",
        reason: "caExpired",
        errorCode: 401003,
        detail: /CA "CN=Old CA" expired/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const validity = { notBefore: past(48), notAfter: past(1) };
            const ca = await makeCa({ commonName: "Old CA", ...validity });
            uploadCa(world.hub, "old-ca", ca);
            return { leaf: await issue(ca, { commonName: deviceId }) };
        },
    },
    {
        name: "a certificate trusted by its thumbprint has expired",
        reason: "leafExpired",
        errorCode: 401003,
        detail: /expired at/,
        attempt: async (world, deviceId) => {
            const validity = { notBefore: past(48), notAfter: past(1) };
            const leaf = await selfSigned({ commonName: deviceId, ...validity });
            addDevice(world.hub, deviceId, "selfSigned", [leaf.thumbprint]);
            return { leaf };
        },
    },
];

describeRefused("refused for its dates", dates);
