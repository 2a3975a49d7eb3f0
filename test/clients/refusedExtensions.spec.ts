import { X509Certificate } from "crypto";
import { Settings } from "../../emulator/core/settings";
import { addDevice, uploadCa } from "../support/hubs";
import { OpenSsl } from "../support/openssl";
import { Attempt, Refused, registered, Trial, World } from "../support/refusals";

const leafExtensions = ["basicConstraints=critical,CA:FALSE"];
const caExtensions = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];
/** An extension that nobody knows. */
const unknown = "1.3.6.1.4.1.55555.1";
const policyConstraints = "policyConstraints=critical,requireExplicitPolicy:0";
const nameConstraints = "nameConstraints=critical,permitted;DNS:example.com";

/** OpenSSL's lines for each certificate that is not an ordinary one. */
interface Chain {
    readonly leaf?: readonly string[];
    readonly intermediate?: readonly string[];
    /** The CA that the hub has. */
    readonly root?: readonly string[];
}

interface Extended extends Chain {
    readonly name: string;
    readonly reason: string;
    readonly detail: RegExp;
    readonly setting: keyof Settings;
    /** Whether it is refused by default. */
    readonly byDefault: boolean;
}

const critical = { setting: "checkCriticalExtensions", byDefault: true } as const;
const usage = { setting: "checkKeyUsage", byDefault: true } as const;
const noCa = { setting: "checkLeafIsNoCa", byDefault: false } as const;

const cases: readonly Extended[] = [
    {
        ...critical,
        name: "an unknown critical extension in the leaf",
        reason: "criticalExtensionUnknown",
        detail: /leaf "CN=device-.*" has the critical extension 1\.3\.6\.1\.4\.1\.55555\.1.*checkCriticalExtensions/,
        leaf: [...leafExtensions, `${unknown}=critical,DER:0500`],
    },
    {
        ...critical,
        name: "an unknown critical extension in the intermediate",
        reason: "criticalExtensionUnknown",
        detail: /intermediate "CN=Middle" has the critical extension 1\.3\.6\.1\.4\.1\.55555\.1/,
        intermediate: [...caExtensions, `${unknown}=critical,DER:0500`],
    },
    {
        ...critical,
        name: "an unknown critical extension in the uploaded CA",
        reason: "criticalExtensionUnknown",
        detail: /CA "CN=Root of device-.*" has the critical extension 1\.3\.6\.1\.4\.1\.55555\.1/,
        root: [...caExtensions, `${unknown}=critical,DER:0500`],
    },
    {
        ...critical,
        name: "name constraints, which are not enforced",
        reason: "criticalExtensionUnknown",
        detail: /has the critical extension 2\.5\.29\.30/,
        intermediate: [...caExtensions, nameConstraints],
    },
    {
        ...critical,
        name: "policy constraints, which are not enforced",
        reason: "criticalExtensionUnknown",
        detail: /has the critical extension 2\.5\.29\.36/,
        intermediate: [...caExtensions, policyConstraints],
    },
    {
        ...usage,
        name: "a leaf for the encipherment of keys only",
        reason: "digitalSignatureMissing",
        detail: /keyUsage of the leaf lacks digitalSignature.*checkKeyUsage/,
        leaf: [...leafExtensions, "keyUsage=critical,keyEncipherment"],
    },
    {
        ...usage,
        name: "the same when keyUsage is not critical",
        reason: "digitalSignatureMissing",
        detail: /keyUsage of the leaf lacks digitalSignature/,
        leaf: [...leafExtensions, "keyUsage=keyAgreement"],
    },
    {
        ...usage,
        name: "a CA's keyUsage in the leaf",
        reason: "digitalSignatureMissing",
        detail: /keyUsage of the leaf lacks digitalSignature/,
        leaf: caExtensions,
    },
    {
        ...noCa,
        name: "a leaf with CA:TRUE",
        reason: "leafIsCa",
        detail: /leaf "CN=device-.*" has basicConstraints CA:TRUE.*checkLeafIsNoCa/,
        leaf: ["basicConstraints=critical,CA:TRUE", "keyUsage=digitalSignature,keyCertSign"],
    },
];

/** Certificates that the OpenSSL command line makes, over TLS and MQTT. */
describe("refused for an extension, by default or by a setting", function () {
    this.timeout(30_000);
    let trial: Trial;
    let openssl: OpenSsl;

    before(async () => {
        trial = await Trial.start();
        openssl = await OpenSsl.create();
    });
    after(async () => {
        await trial.stop();
        await openssl.remove();
    });
    async function attempt(world: World, deviceId: string, one: Chain): Promise<Attempt> {
        registered(world, deviceId);
        const { root = caExtensions, intermediate = caExtensions, leaf = leafExtensions } = one;
        const ca = await openssl.selfSigned(`Root of ${deviceId}`, { extensions: root });
        const middle = await openssl.issued("Middle", ca, { extensions: intermediate });
        const last = await openssl.issued(deviceId, middle, { extensions: leaf });
        uploadCa(world.hub, deviceId, ca);
        return { options: { key: last.key, cert: last.certificate + middle.certificate } };
    }

    for (const one of cases) {
        const refused: Refused = {
            ...one,
            errorCode: 401003,
            attempt: (world, deviceId) => attempt(world, deviceId, one),
        };
        it(`${one.reason}: ${one.name}`, async () => {
            const { manage } = trial.world.emulator;
            await (one.byDefault ? trial.expectRefused(refused) : trial.expectAccepted(refused));
            await manage("PATCH", "/settings", { [one.setting]: !one.byDefault });
            await (one.byDefault ? trial.expectAccepted(refused) : trial.expectRefused(refused));
            await manage("PATCH", "/settings", { [one.setting]: one.byDefault });
        });
    }

    const accepted: (Chain & { readonly name: string })[] = [
        {
            name: "critical extensions that are read, or restrict nothing here",
            leaf: [
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature,keyEncipherment",
                "extendedKeyUsage=critical,clientAuth",
                "subjectAltName=critical,DNS:device.example",
                "certificatePolicies=critical,1.2.3.4",
            ],
            intermediate: [...caExtensions, "certificatePolicies=critical,1.2.3.4"],
        },
        {
            name: "an unknown extension that is not critical, and no keyUsage",
            leaf: [...leafExtensions, `${unknown}=DER:0500`],
        },
    ];
    for (const one of accepted) {
        it(`not for ${one.name}`, () =>
            trial.expectAccepted({
                name: one.name,
                attempt: (world, deviceId) => attempt(world, deviceId, one),
            }));
    }

    it("not for a device that authenticates by thumbprint, which needs nothing else", () =>
        trial.expectAccepted({
            name: "thumbprint",
            attempt: async (world, deviceId) => {
                const extensions = ["keyUsage=keyEncipherment", `${unknown}=critical,DER:0500`];
                const leaf = await openssl.selfSigned(deviceId, { extensions });
                const { fingerprint256 } = new X509Certificate(leaf.certificate);
                const thumbprint = fingerprint256.replaceAll(":", "");
                addDevice(world.hub, deviceId, "selfSigned", [thumbprint]);
                return { options: { key: leaf.key, cert: leaf.certificate } };
            },
        }));
});
