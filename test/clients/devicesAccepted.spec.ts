import * as assert from "assert";
import {
    Attempt,
    Case,
    deviceToken,
    future,
    past,
    registered,
    signature,
    Trial,
    World,
} from "../support/refusals";
import { addDevice, uploadCa } from "../support/hubs";
import { chain, issue, Issued, makeCa, makeKeys, selfSigned } from "../support/pki";

/** The controls: what must be let in, so that a refusal above has the one cause it names. */
const accepted: Case[] = [
    {
        name: "a leaf of an uploaded CA",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { leaf: await issue(world.root, { commonName: deviceId }) };
        },
    },
    {
        name: "leaf and intermediate under an uploaded root",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.intermediate, { commonName: deviceId });
            return { leaf, cert: chain(leaf, world.intermediate) };
        },
    },
    {
        name: "the chain after the leaf in another order",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const lower = await issue(world.intermediate, { commonName: "Lower", ca: true });
            const leaf = await issue(lower, { commonName: deviceId });
            return { leaf, cert: chain(leaf, world.root, world.intermediate, lower) };
        },
    },
    {
        name: "a leaf alone when its intermediate is the uploaded CA",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const options = { commonName: `Uploaded for ${deviceId}`, ca: true };
            const intermediate = await issue(world.root, options);
            uploadCa(world.hub, deviceId, intermediate);
            return { leaf: await issue(intermediate, { commonName: deviceId }) };
        },
    },
    {
        name: "a renewed CA with the same name and key",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const keys = await makeKeys();
            const validity = { notBefore: past(48), notAfter: past(1) };
            const commonName = `Renewed for ${deviceId}`;
            const old = await makeCa({ commonName, keys, ...validity });
            uploadCa(world.hub, `${deviceId}-old`, old);
            uploadCa(world.hub, `${deviceId}-new`, await makeCa({ commonName, keys }));
            return { leaf: await issue(old, { commonName: deviceId }) };
        },
    },
    {
        name: "RSA keys all the way",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const ca = await makeCa({ commonName: `RSA ${deviceId}`, keyType: "rsa4096" });
            uploadCa(world.hub, deviceId, ca);
            return { leaf: await issue(ca, { commonName: deviceId, keyType: "rsa2048" }) };
        },
    },
    ...[0, 1].flatMap((slot) =>
        (["thumbprint", "thumbprint256"] as const).map((kind) => ({
            name: `${slot === 0 ? "primary" : "secondary"} ${kind}`,
            attempt: async (world: World, deviceId: string): Promise<Attempt> => {
                const leaf = await selfSigned({ commonName: "any name" });
                const thumbprints = slot === 0 ? [leaf[kind]] : ["00".repeat(20), leaf[kind]];
                addDevice(world.hub, deviceId, "selfSigned", thumbprints);
                return { leaf };
            },
        })),
    ),
    {
        name: "a CA-signed certificate known by its thumbprint, whoever signed it",
        attempt: async (world, deviceId) => {
            const ca = await makeCa({ commonName: "Unknown CA" });
            const leaf = await issue(ca, { commonName: deviceId });
            addDevice(world.hub, deviceId, "selfSigned", [leaf.thumbprint]);
            return { leaf };
        },
    },
    {
        name: "a shared access signature of the device's key",
        attempt: async (world, deviceId) => {
            const device = addDevice(world.hub, deviceId, "sas");
            return { options: { password: deviceToken(world.hub, device) } };
        },
    },
    {
        name: "a shared access signature of a policy with DeviceConnect",
        attempt: async (world, deviceId) => {
            addDevice(world.hub, deviceId, "sas");
            const { keyName, primaryKey } = world.hub.policies[0];
            const token = signature(world.hub.hostName, primaryKey, future(1), keyName);
            return { options: { password: token } };
        },
    },
    {
        name: "the user name without a question mark, as the Node SDK writes it",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            const username = `${world.hub.hostName}/${deviceId}/api-version=2021-04-12&DeviceClientType=x`;
            return { leaf, options: { username } };
        },
    },
    {
        name: "the name of a hub's own port in TLS, the hub's in the user name",
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, options: { servername: "localhost" } };
        },
    },
];

/** What no public source settles about Azure, let in once the emulator's switch says so. */
const switched: (Case & { readonly off: object; readonly on: object })[] = [
    {
        name: "checkExtendedKeyUsage",
        off: { checkExtendedKeyUsage: false },
        on: { checkExtendedKeyUsage: true },
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const extendedKeyUsage = ["serverAuth"] as const;
            return { leaf: await issue(world.root, { commonName: deviceId, extendedKeyUsage }) };
        },
    },
    {
        name: "checkPathLength",
        off: { checkPathLength: false },
        on: { checkPathLength: true },
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const last = await issue(world.root, {
                commonName: "Last CA",
                ca: true,
                pathLength: 0,
            });
            const below = await issue(last, { commonName: "One Below", ca: true });
            const leaf = await issue(below, { commonName: deviceId });
            return { leaf, cert: chain(leaf, below, last) };
        },
    },
    {
        name: "minimumRsaBits",
        off: { minimumRsaBits: 1024 },
        on: { minimumRsaBits: 2048 },
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId, keyType: "rsa1024" });
            return { leaf, options: { ciphers: "DEFAULT@SECLEVEL=0" } };
        },
    },
    {
        name: "maximumChainLength",
        off: { maximumChainLength: 12 },
        on: { maximumChainLength: 10 },
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const issuers: Issued[] = [];
            for (let depth = 0; depth < 10; depth++) {
                const options = { commonName: `Level ${depth}`, ca: true };
                issuers.unshift(await issue(issuers[0] ?? world.root, options));
            }
            const leaf = await issue(issuers[0], { commonName: deviceId });
            return { leaf, cert: chain(leaf, ...issuers) };
        },
    },
    {
        name: "checkThumbprintDates",
        off: { checkThumbprintDates: false },
        on: { checkThumbprintDates: true },
        attempt: async (world, deviceId) => {
            const validity = { notBefore: past(48), notAfter: past(1) };
            const leaf = await selfSigned({ commonName: deviceId, ...validity });
            addDevice(world.hub, deviceId, "selfSigned", [leaf.thumbprint]);
            return { leaf };
        },
    },
];

// The controls of the refusals: each of those differs from one of these in the one thing that it names.
describe("devices that are accepted", () => {
    let trial: Trial;

    before(async () => (trial = await Trial.start()));
    after(() => trial.stop());

    for (const one of accepted) {
        it(one.name, () => trial.expectAccepted(one));
    }

    for (const one of switched) {
        it(`only with the setting for ${one.name}`, async () => {
            const { manage } = trial.world.emulator;
            assert.strictEqual(await trial.attempt(one), 5);
            await manage("PATCH", "/settings", one.off);
            try {
                await trial.expectAccepted(one);
            } finally {
                await manage("PATCH", "/settings", one.on);
            }
        });
    }
});
