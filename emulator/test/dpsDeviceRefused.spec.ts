import { chain, issue, makeCa, selfSigned } from "../../test/support/pki";
import {
    addEnrollment,
    addGroup,
    leaves,
    references,
    signers,
    uploadServiceCa,
} from "../../test/support/provisioningService";
import { describeRefusedRegistrations } from "../../test/support/provisioningTrial";
import { future, past } from "../../test/support/refusals";

const noCa = "CA certificate not found.";
const invalid = "Invalid certificate.";

describeRefusedRegistrations("refused registrations: the request", [
    {
        reason: "idScopeUnknown",
        name: "an ID scope that no service has",
        detail: /no provisioning service has the ID scope "0neDEADBEEF"/,
        status: 404,
        errorCode: 404001,
        connack: 3,
        attempt: () => ({ idScope: "0neDEADBEEF" }),
    },
    {
        reason: "serviceNotActive",
        name: "a service that is being made",
        detail: /Activating/,
        status: 404,
        errorCode: 404001,
        connack: 5,
        attempt: ({ service }) => {
            service.state = "Activating";
            return {};
        },
    },
    {
        reason: "apiVersionMissing",
        name: "no api-version",
        detail: /api-version is missing/,
        status: 400,
        errorCode: 400004,
        connack: 5,
        attempt: () => ({ apiVersion: "" }),
    },
    {
        reason: "apiVersionUnsupported",
        name: "an api-version that was never published",
        detail: /"2019-01-01" is not supported/,
        status: 400,
        errorCode: 400004,
        connack: 5,
        attempt: () => ({ apiVersion: "2019-01-01" }),
    },
    {
        reason: "registrationIdInvalid",
        name: "a registration ID that ends in a dot",
        detail: /end with a letter, digit or -/,
        status: 400,
        errorCode: 400004,
        connack: 5,
        attempt: () => ({ registrationId: "device-1." }),
    },
    {
        reason: "registrationIdMismatch",
        name: "another registration ID in the body",
        detail: /not "device-1"/,
        status: 400,
        errorCode: 400004,
        attempt: () => ({ body: { registrationId: "device-2" } }),
    },
    {
        reason: "bodyMalformed",
        name: "a body that is no JSON",
        detail: /not JSON/,
        status: 400,
        errorCode: 400004,
        attempt: () => ({ body: "registrationId=device-1" }),
    },
    {
        reason: "userNameMalformed",
        name: "a hub's user name",
        detail: /registrations/,
        wires: ["MQTT"],
        connack: 5,
        attempt: () => ({ userName: "first.azure-devices.net/device-1/?api-version=2021-04-12" }),
    },
    {
        reason: "clientIdMismatch",
        name: "a client ID that is not the registration ID",
        detail: /"someone"/,
        wires: ["MQTT"],
        connack: 5,
        attempt: () => ({ clientId: "someone" }),
    },
    {
        reason: "willUnsupported",
        name: "a will message",
        detail: /does not accept will/,
        wires: ["MQTT"],
        connack: 5,
        attempt: () => ({ will: { topic: "t", payload: Buffer.from("x"), qos: 0, retain: false } }),
    },
]);

describeRefusedRegistrations("refused registrations: the proof", [
    {
        reason: "certificateMissing",
        name: "no client certificate",
        detail: /no certificate in TLS/,
        connack: 5,
        attempt: () => ({ leaf: undefined, chain: undefined }),
    },
    {
        reason: "attestationNotSupported",
        name: "a shared access signature as password",
        detail: /X\.509 only/,
        wires: ["MQTT"],
        connack: 5,
        attempt: () => ({ password: "SharedAccessSignature sr=x&sig=x&se=1" }),
    },
    {
        reason: "attestationNotSupported",
        name: "a shared access signature as header",
        detail: /X\.509 only/,
        wires: ["HTTPS"],
        attempt: () => ({ authorization: "SharedAccessSignature sr=x&sig=x&se=1" }),
    },
    {
        reason: "attestationNotSupported",
        name: "a TPM",
        detail: /not TPM or symmetric keys/,
        attempt: () => ({ body: { registrationId: "device-1", tpm: { endorsementKey: "x" } } }),
    },
    {
        reason: "commonNameMismatch",
        name: "the certificate of another device",
        detail: /found "device-9"/,
        attempt: async ({ factory }) => {
            const leaf = await issue(factory, { commonName: "device-9" });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        reason: "enrollmentMissing",
        name: "an issuer under a verified root, but no group for any of the chain",
        detail: /no enrollment group for "CN=Other" or "CN=Trial Root"/,
        message: noCa,
        attempt: async ({ other, root }, id) => {
            const leaf = await issue(other, { commonName: id });
            return { leaf, chain: chain(leaf, other, root) };
        },
    },
    {
        reason: "selfSigned",
        name: "a self-signed certificate without an individual enrollment",
        detail: /is self-signed/,
        message: noCa,
        attempt: async (_, id) => ({
            leaf: await selfSigned({ commonName: id }),
            chain: undefined,
        }),
    },
    {
        reason: "issuerNotSent",
        name: "only the leaf, of an intermediate that the service does not hold",
        detail: /"CN=Other" was not sent/,
        message: noCa,
        attempt: async ({ other }, id) => ({
            leaf: await issue(other, { commonName: id }),
            chain: undefined,
        }),
    },
    {
        reason: "issuerNotUploaded",
        name: "a chain to a root that the service does not hold",
        detail: /self-signed "CN=Strange Root"/,
        message: noCa,
        attempt: async (_, id) => {
            const root = await makeCa({ commonName: "Strange Root" });
            const leaf = await issue(root, { commonName: id });
            return { leaf, chain: chain(leaf, root) };
        },
    },
    {
        reason: "issuerNotUploaded",
        name: "an intermediate that a group signs with, while its root is not on the service",
        detail: /was not sent and is not an uploaded CA/,
        message: noCa,
        attempt: async ({ service }, id) => {
            const root = await makeCa({ commonName: "Unproven Root" });
            const intermediate = await issue(root, { commonName: "Unproven", ca: true });
            addGroup(service, "unproven", signers(intermediate));
            const leaf = await issue(intermediate, { commonName: id });
            return { leaf, chain: chain(leaf, intermediate) };
        },
    },
    {
        reason: "caNotVerified",
        name: "a group whose CA is uploaded and not verified",
        detail: /not verified.*enrollment group "fresh" refers to certificate "fresh"/,
        message: noCa,
        attempt: async ({ service }, id) => {
            const ca = await makeCa({ commonName: "Fresh" });
            uploadServiceCa(service, "fresh", ca, false);
            addGroup(service, "fresh", references("fresh"));
            const leaf = await issue(ca, { commonName: id });
            return { leaf, chain: chain(leaf, ca) };
        },
    },
    {
        reason: "enrollmentMissing",
        name: "a group whose CA was deleted, below a root that is still verified",
        detail: /enrollment group "factory" refers to certificate "factory", which does not exist/,
        message: noCa,
        attempt: ({ service }) => {
            service.certificates.delete("factory");
            return {};
        },
    },
    {
        reason: "noCaUploaded",
        name: "a service without any CA",
        detail: /has no CA certificate/,
        message: noCa,
        attempt: ({ service }) => {
            service.certificates.clear();
            return {};
        },
    },
    {
        reason: "issuerKeyMismatch",
        name: "an issuer of the same name with another key",
        detail: /another CA with the same name/,
        message: noCa,
        attempt: async (_, id) => {
            const twin = await makeCa({ commonName: "Factory" });
            return { leaf: await issue(twin, { commonName: id }), chain: undefined };
        },
    },
    {
        reason: "leafExpired",
        name: "an expired leaf",
        detail: /expired at/,
        message: invalid,
        attempt: async ({ factory }, id) => {
            const leaf = await issue(factory, { commonName: id, notAfter: past(1) });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        reason: "leafNotYetValid",
        name: "a leaf from the future",
        detail: /not valid before/,
        message: invalid,
        attempt: async ({ factory }, id) => {
            const leaf = await issue(factory, { commonName: id, notBefore: future(1) });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        reason: "intermediateExpired",
        name: "an expired intermediate",
        detail: /intermediate "CN=Old" expired/,
        message: invalid,
        attempt: async ({ service, root }, id) => {
            addGroup(service, "all", references("root"));
            const old = await issue(root, { commonName: "Old", ca: true, notAfter: past(1) });
            const leaf = await issue(old, { commonName: id });
            return { leaf, chain: chain(leaf, old) };
        },
    },
    {
        reason: "issuerIsNotCa",
        name: "a device that signed another device",
        detail: /lacks basicConstraints CA:TRUE/,
        message: invalid,
        attempt: async ({ factory }, id) => {
            const signer = await issue(factory, { commonName: "device-0" });
            const leaf = await issue(signer, { commonName: id });
            return { leaf, chain: chain(leaf, signer, factory) };
        },
    },
    {
        reason: "clientAuthMissing",
        name: "a server's certificate",
        detail: /clientAuth/,
        message: invalid,
        attempt: async ({ factory }, id) => {
            const leaf = await issue(factory, {
                commonName: id,
                extendedKeyUsage: ["serverAuth"],
            });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        reason: "weakKey",
        name: "an RSA key of 1024 bits",
        detail: /1024 bits/,
        message: invalid,
        // OpenSSL on the client's side refuses to use such a leaf, so here the issuer has the weak key.
        attempt: async ({ service, root }, id) => {
            addGroup(service, "all", references("root"));
            const weak = await issue(root, { commonName: "Weak", ca: true, keyType: "rsa1024" });
            const leaf = await issue(weak, { commonName: id });
            return { leaf, chain: chain(leaf, weak) };
        },
    },
    {
        reason: "enrollmentCertificateMismatch",
        name: "an individual enrollment for another certificate, also under a group that would do",
        detail: /neither its primary nor its secondary/,
        message: invalid,
        attempt: async ({ service, factory }, id) => {
            const enrolled = await issue(factory, { commonName: id });
            addEnrollment(service, id, leaves(enrolled));
            return {};
        },
    },
    {
        reason: "leafExpired",
        name: "an individual enrollment whose certificate expired",
        detail: /expired at/,
        message: invalid,
        attempt: async ({ service }, id) => {
            const leaf = await selfSigned({ commonName: id, notAfter: past(1) });
            addEnrollment(service, id, leaves(leaf));
            return { leaf, chain: undefined };
        },
    },
]);
