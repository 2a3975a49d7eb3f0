import * as assert from "assert";
import { X509Certificate } from "crypto";
import { remember } from "../../../components/pki/formerCertificates";
import { readSettings } from "../../../stacks/config";
import { Outputs, PreviousState } from "../../../stacks/previousState";
import { leavingCas } from "../../../stacks/rollover";
import { issue, Issued, makeCa } from "../../support/pki";
import { Raw } from "./config/configSupport";

const dynamic = "pulumi-nodejs:dynamic/";
const now = new Date();

interface StateResource {
    readonly type: string;
    readonly outputs: Outputs;
}

/** Against a state made here, with certificates of its own CAs. */
describe("CAs that a run removes, and who depends on them", () => {
    let root: Issued;
    let first: Issued;
    let second: Issued;
    let resources: Record<string, StateResource>;

    const thumbprint = (pem: string): string =>
        new X509Certificate(pem).fingerprint256.replace(/:/g, "");

    function add(type: string, name: string, outputs: Outputs): void {
        resources[`urn:pulumi:prod::iot-x509::${type}::${name}`] = { type, outputs };
    }

    function addCa(name: string, ca: Issued): void {
        add("iot-x509:pki:CertificateAuthority", name, { certificate: ca.certificate });
        add("tls:index/privateKey:PrivateKey", `${name}-key`, {
            algorithm: "ECDSA",
            ecdsaCurve: "P256",
        });
        add("tls:index/locallySignedCert:LocallySignedCert", `${name}-certificate`, {
            certPem: ca.certificate,
            caCertPem: root.certificate,
            validityPeriodHours: 1000,
        });
    }

    before(async () => {
        resources = {};
        const organisation = "O=Contoso";
        root = await makeCa({ commonName: "IoT Root CA", organisation });
        first = await makeCa({ commonName: "IoT Intermediate CA pumps G1", organisation });
        second = await makeCa({ commonName: "IoT Intermediate CA pumps G2", organisation });
        addCa("pumps-g1", first);
        addCa("pumps-g2", second);
        add("tls:index/privateKey:PrivateKey", "root-key", {
            algorithm: "ECDSA",
            ecdsaCurve: "P256",
        });
        add("tls:index/selfSignedCert:SelfSignedCert", "root-certificate", {
            certPem: root.certificate,
            validityPeriodHours: 1000,
            subject: { commonName: "IoT Root CA", organization: "Contoso" },
        });
        const leaf = async (id: string, ca: Issued, former: string[] = []) => {
            const { certificate } = await issue(ca, { commonName: id });
            add(`${dynamic}pki:DeviceCertificate`, id, { certificate, former });
            add(`${dynamic}iothub:DeviceIdentity`, id, { status: "enabled" });
            return certificate;
        };
        const later = new Date(now.getTime() + 5 * 24 * 3600 * 1000).toISOString().slice(0, 10);
        const before = new Date(now.getTime() - 2 * 24 * 3600 * 1000).toISOString().slice(0, 10);
        await leaf("still-first", first);
        await leaf("now-second", second, [`${"A".repeat(32)}/1/00000000/${later}`]);
        await leaf("long-second", second, [`${"A".repeat(32)}/1/00000000/${before}`]);
        await leaf("born-second", second);
        await leaf("switched-off", first);
        await leaf("taken-out", first);
    });

    const listed = ["still-first", "now-second", "long-second", "born-second"];
    const configuration = (change: Raw, intermediate: Raw = { generation: 2 }): Raw => ({
        organization: "Contoso",
        location: "westeurope",
        pki: { keyAlgorithm: "ECDSA-P256" },
        groups: { pumps: { intermediate } },
        devices: [
            ...listed.map((id) => ({ id, group: "pumps" })),
            { id: "switched-off", group: "pumps", status: "disabled" },
        ],
        ...change,
    });

    function leaving(raw: Raw): Record<string, string[]> {
        const previous = new PreviousState({}, resources);
        const settings = readSettings(raw, process.cwd());
        return Object.fromEntries(
            leavingCas(settings, previous, [previous], now).map(
                ({ group, generation, devices }) => [
                    `${group}-g${generation}`,
                    devices.map(({ id }) => id),
                ],
            ),
        );
    }

    it("a retained generation stays", () => {
        assert.deepEqual(leaving(configuration({}, { generation: 2, retain: [1] })), {});
    });

    it("without retain, those with a certificate of it, present or former, depend on it", () => {
        assert.deepEqual(leaving(configuration({})), {
            "pumps-g1": ["still-first", "now-second"],
        });
    });

    it("a device that moved to another group may still have a certificate of the CA that signed its last one", async () => {
        const before = { ...resources };
        const notAfter = new Date(now.getTime() + 5 * 24 * 3600 * 1000);
        const other = await makeCa({ commonName: "IoT Intermediate CA valves G1" });
        const moves = async (id: string, from: Issued, to: Issued) => {
            const earlier = await issue(from, { commonName: id, notAfter });
            const { certificate } = await issue(to, { commonName: id });
            const former = remember(earlier.certificate);
            add(`${dynamic}pki:DeviceCertificate`, id, { certificate, former });
            add(`${dynamic}iothub:DeviceIdentity`, id, { status: "enabled" });
        };
        await moves("moved-away", first, other);
        await moves("moved-here", other, second);
        const raw = configuration({
            groups: { pumps: { intermediate: { generation: 2 } }, valves: {} },
            devices: [
                ...listed.map((id) => ({ id, group: "pumps" })),
                { id: "moved-away", group: "valves" },
                { id: "moved-here", group: "pumps" },
            ],
        });
        assert.deepEqual(leaving(raw), {
            "pumps-g1": ["still-first", "now-second", "moved-away"],
        });
        resources = before;
    });

    it("a generation that goes back takes away the later one", () => {
        const raw = configuration({}, { generation: 1 });
        assert.deepEqual(leaving(raw), {
            "pumps-g2": ["now-second", "long-second", "born-second"],
        });
    });

    describe("what keeps a CA is told, and does", () => {
        const told = (raw: Raw): string[] => {
            const previous = new PreviousState({}, resources);
            const found = leavingCas(readSettings(raw, process.cwd()), previous, [previous], now);
            return found.map(({ group, generation, stays }) => `${group}-g${generation}: ${stays}`);
        };
        const path = "groups.pumps.intermediate";
        const kept = configuration({}, { generation: 2, retain: [1] });
        const pki = { keyAlgorithm: "ECDSA-P256", trust: "root" };
        const cases: readonly [what: string, change: Raw, told: string[], remedy: Raw][] = [
            ["without retain", configuration({}), [`pumps-g1: add 1 to ${path}.retain`], kept],
            [
                "with a former generation",
                configuration({}, { generation: 1 }),
                [`pumps-g2: leave ${path}.generation at 2`],
                kept,
            ],
            [
                "with another name",
                configuration({}, { generation: 2, retain: [1], commonName: "Pumps" }),
                [
                    `pumps-g2: leave its name and algorithm as they are; for others, set ${path}.generation to 3 and ${path}.retain to [2]`,
                ],
                configuration({}, { generation: 3, retain: [2, 1], commonName: "Pumps" }),
            ],
            [
                "of a group that is deleted",
                configuration({ groups: {}, devices: [] }),
                ["pumps-g1: keep the group pumps", "pumps-g2: keep the group pumps"],
                kept,
            ],
            [
                "below a trusted root that changes",
                { ...kept, pki: { ...pki, root: { keyAlgorithm: "ECDSA-P384" } } },
                [1, 2].map(
                    (one) =>
                        `pumps-g${one}: leave the present root as it is, and raise pki.root.generation for another one`,
                ),
                { ...kept, pki: { ...pki, root: { keyAlgorithm: "ECDSA-P384", generation: 2 } } },
            ],
        ];
        for (const [what, change, expected, remedy] of cases) {
            it(what, () => {
                assert.deepEqual(told(change), expected);
                assert.deepEqual(told(remedy), []);
            });
        }
    });

    it("a blocked group keeps nothing", () => {
        const raw = configuration({ groups: { pumps: { blocked: true } } });
        assert.deepEqual(leaving(raw), {});
    });

    it("a deleted group takes all its CAs, also from devices that go with it", () => {
        const raw = configuration({ groups: {}, devices: [] });
        assert.deepEqual(leaving(raw), {
            "pumps-g1": ["still-first", "switched-off", "taken-out"],
            "pumps-g2": ["now-second", "long-second", "born-second"],
        });
    });

    it("another name or algorithm replaces the CA", () => {
        for (const change of [{ commonName: "Pumps" }, { keyAlgorithm: "RSA-2048" }]) {
            const raw = configuration({}, { generation: 2, retain: [1], ...change });
            assert.deepEqual(Object.keys(leaving(raw)), ["pumps-g2"]);
        }
    });

    it("devices of the states and of the settings are no strangers to a group that others register through", () => {
        const enrollment = `urn:pulumi:prod::iot-x509::${dynamic}dps:EnrollmentGroup::pumps`;
        const type = `${dynamic}dps:EnrollmentGroup`;
        const previous = new PreviousState(
            {},
            { ...resources, [enrollment]: { type, outputs: {} } },
        );
        const devices = [...listed, "just-added"].map((id) => ({ id, group: "pumps" }));
        const settings = readSettings(configuration({ devices }), process.cwd());
        const [{ known }] = leavingCas(settings, previous, [previous], now);
        assert.deepEqual(
            known?.slice().sort(),
            [...listed, "just-added", "switched-off", "taken-out"].sort(),
        );
        const alone = new PreviousState({}, resources);
        assert.equal(leavingCas(settings, alone, [alone], now)[0].known, undefined);
    });

    it("the new certificate of a device is told by its thumbprints", () => {
        const previous = new PreviousState({}, resources);
        const settings = readSettings(configuration({}), process.cwd());
        const [{ devices, staying }] = leavingCas(settings, previous, [previous], now);
        const next = Object.fromEntries(devices.map((device) => [device.id, device.next]));
        const held = previous.find(`${dynamic}pki:DeviceCertificate`, "now-second");
        assert.equal(next["now-second"][1], thumbprint(String(held?.certificate)));
        assert.deepEqual(next["still-first"], []);
        assert.match(staying[0].subject, /CN=IoT Intermediate CA pumps G2/);
        assert.equal(staying[0].generation, 2);
    });
});
