import { describeRefused, Refused, registered } from "../support/refusals";
import { addDevice, uploadCa } from "../support/hubs";
import { chain, issue, Issued, makeCa, makeKeys } from "../support/pki";

const chains: Refused[] = [
    {
        name: "the CA is uploaded but not verified",
        reason: "caNotVerified",
        errorCode: 401003,
        detail: /"unproven" of hub first\), which is not verified; prove possession/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const ca = await makeCa({ commonName: "Unproven CA" });
            uploadCa(world.hub, "unproven", ca, false);
            return { leaf: await issue(ca, { commonName: deviceId }) };
        },
    },
    {
        name: "the CA was deleted from the hub",
        reason: "issuerNotUploaded",
        errorCode: 401003,
        detail: /chain ends at the self-signed "CN=Deleted CA", which is not an uploaded CA/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const ca = await makeCa({ commonName: "Deleted CA" });
            uploadCa(world.hub, "deleted", ca);
            const leaf = await issue(ca, { commonName: deviceId });
            world.hub.certificates.delete("deleted");
            return { leaf, cert: chain(leaf, ca) };
        },
    },
    {
        name: "the intermediate's issuer is not uploaded",
        reason: "issuerNotUploaded",
        errorCode: 401003,
        detail: /issuer of the certificate "CN=Foreign Intermediate".*"CN=Foreign CA"/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const ca = await makeCa({ commonName: "Foreign CA" });
            const middle = await issue(ca, { commonName: "Foreign Intermediate", ca: true });
            const leaf = await issue(middle, { commonName: deviceId });
            return { leaf, cert: chain(leaf, middle) };
        },
    },
    {
        name: "the hub has no CA at all",
        reason: "noCaUploaded",
        errorCode: 401003,
        detail: /hub second has no CA certificate; upload and verify "CN=Test Root/,
        attempt: async (world, deviceId) => {
            addDevice(world.other, deviceId, "certificateAuthority");
            const leaf = await issue(world.root, { commonName: deviceId });
            return { leaf, host: world.other.hostName };
        },
    },
    {
        name: "the intermediate was not sent",
        reason: "issuerNotSent",
        errorCode: 401003,
        detail: /leaf's issuer "CN=Test Intermediate" was not sent and is not an uploaded CA of hub first; send the intermediate after the leaf/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            return { leaf: await issue(world.intermediate, { commonName: deviceId }) };
        },
    },
    {
        name: "the wrong intermediate was sent",
        reason: "issuerNotSent",
        errorCode: 401003,
        detail: /leaf's issuer "CN=Test Intermediate" was not sent/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const wrong = await issue(world.root, { commonName: "Wrong One", ca: true });
            const leaf = await issue(world.intermediate, { commonName: deviceId });
            return { leaf, cert: chain(leaf, wrong) };
        },
    },
    {
        name: "the intermediate lacks CA:TRUE",
        reason: "issuerIsNotCa",
        errorCode: 401003,
        detail: /"CN=No CA" signed a certificate but lacks basicConstraints CA:TRUE/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const options = { commonName: "No CA", ca: false, keyUsage: null };
            const middle = await issue(world.root, options);
            const leaf = await issue(middle, { commonName: deviceId });
            return { leaf, cert: chain(leaf, middle) };
        },
    },
    {
        name: "the intermediate is an X.509 version 1 certificate",
        reason: "issuerIsVersion1",
        errorCode: 401003,
        detail: /"CN=Version 1" is an X\.509 version 1 certificate without extensions/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const middle = await issue(world.root, { commonName: "Version 1", version1: true });
            const leaf = await issue(middle, { commonName: deviceId });
            return { leaf, cert: chain(leaf, middle) };
        },
    },
    {
        name: "the intermediate may not sign certificates",
        reason: "issuerMayNotSign",
        errorCode: 401003,
        detail: /"CN=No Signer" has a keyUsage without keyCertSign/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const options = { commonName: "No Signer", ca: true, keyUsage: ["cRLSign"] as const };
            const middle = await issue(world.root, options);
            const leaf = await issue(middle, { commonName: deviceId });
            return { leaf, cert: chain(leaf, middle) };
        },
    },
    {
        name: "a CA below one with pathLen 0",
        reason: "pathLengthExceeded",
        errorCode: 401003,
        detail: /"CN=Last CA" allows 0 CA certificates below it \(pathLenConstraint\), the chain has 1/,
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
        name: "the chain is longer than allowed",
        reason: "chainTooLong",
        errorCode: 401003,
        detail: /sent 11 certificates; at most 10/,
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
        name: "a look-alike CA: the uploaded one's name, another key",
        reason: "issuerKeyMismatch",
        errorCode: 401003,
        detail: /the key of the certificate with that name \(SHA-1 [0-9A-F]{40}\) did not sign it/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const lookAlike = await makeCa({ commonName: "Test Root" });
            return { leaf: await issue(lookAlike, { commonName: deviceId }) };
        },
    },
    {
        name: "an intermediate renewed with another key",
        reason: "issuerKeyMismatch",
        errorCode: 401003,
        detail: /names "CN=Test Intermediate" as its issuer.*another CA with the same name/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const options = { commonName: "Test Intermediate", ca: true };
            const renewed = await issue(world.root, options);
            const leaf = await issue(world.intermediate, { commonName: deviceId });
            return { leaf, cert: chain(leaf, renewed) };
        },
    },
    {
        name: "a CA with the right name and key but another key identifier",
        reason: "issuerDoesNotFit",
        errorCode: 401003,
        detail: /its authority key identifier or serial number differs/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const keys = await makeKeys();
            const commonName = `Twice ${deviceId}`;
            const ca = await makeCa({ commonName, keys });
            uploadCa(
                world.hub,
                deviceId,
                await makeCa({ commonName, keys, keyIdentifier: "0102" }),
            );
            return { leaf: await issue(ca, { commonName: deviceId }) };
        },
    },
    {
        name: "an RSA key of 1024 bits",
        reason: "weakKey",
        errorCode: 401003,
        detail: /has 1024 bits; at least 2048/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const leaf = await issue(world.root, { commonName: deviceId, keyType: "rsa1024" });
            // OpenSSL's own floor would stop the client before it could try.
            return { leaf, options: { ciphers: "DEFAULT@SECLEVEL=0" } };
        },
    },
    {
        name: "a certificate for servers only",
        reason: "clientAuthMissing",
        errorCode: 401003,
        detail: /lacks clientAuth/,
        attempt: async (world, deviceId) => {
            registered(world, deviceId);
            const extendedKeyUsage = ["serverAuth"] as const;
            return { leaf: await issue(world.root, { commonName: deviceId, extendedKeyUsage }) };
        },
    },
];

describeRefused("refused for its chain", chains);
