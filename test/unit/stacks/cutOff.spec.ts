import * as assert from "assert";
import { devicesCutOff, tooMany } from "../../../stacks/cutOff";
import { readSettings } from "../../../stacks/config";
import { Outputs, PreviousState } from "../../../stacks/previousState";
import { chain, issue, Issued, makeCa } from "../../support/pki";
import { Raw } from "./config/configSupport";

const dynamic = "pulumi-nodejs:dynamic/";
const thumbprint = (digit: string): string => digit.repeat(64);

interface StateResource {
    readonly type: string;
    readonly outputs: Outputs;
}

describe("the brake: devices that a run would cut off", () => {
    const organization = 'Foo, "Bär" + <x>; #1';
    const listed = Array.from({ length: 8 }, (_, index) => ({
        id: `pump-${index + 1}`,
        group: "pumps",
    }));
    let pumpsCa: Issued;
    let others: Issued;
    let resources: Record<string, StateResource>;

    const configuration = (change: Raw = {}): Raw => ({
        organization,
        location: "westeurope",
        hub: { prefix: "iot" },
        pki: { keyAlgorithm: "ECDSA-P256" },
        groups: { pumps: {}, valves: {} },
        devices: [
            ...listed,
            { id: "valve-1", group: "valves" },
            { id: "off-1", group: "pumps", status: "disabled" },
            { id: "gate-1", auth: "thumbprint", thumbprints: [thumbprint("A"), thumbprint("B")] },
        ],
        ...change,
    });

    before(async () => {
        const subject = { organisation: 'O=Foo\\, \\"Bär\\" \\+ \\<x\\>\\; #1' };
        const root = await makeCa({ commonName: "IoT Root CA", ...subject });
        pumpsCa = await makeCa({ commonName: "IoT Intermediate CA pumps G1", ...subject });
        others = await makeCa({ commonName: "IoT Intermediate CA valves G1", ...subject });
        const leaf = (await issue(pumpsCa, { commonName: "any" })).certificate;
        const valve = (await issue(others, { commonName: "valve-1" })).certificate;
        const entries: [name: string, type: string, outputs: Outputs][] = [
            ...[...listed.map(({ id }) => id), "off-1"].flatMap((id) => [
                named(id, "iothub:DeviceIdentity", {
                    status: id === "off-1" ? "disabled" : "enabled",
                }),
                named(id, "pki:DeviceCertificate", { certificate: leaf }),
            ]),
            ["iot-suffix", "random:index/randomString:RandomString", { result: "abc123" }],
            named("valve-1", "iothub:DeviceIdentity", { status: "enabled" }),
            named("valve-1", "pki:DeviceCertificate", { certificate: valve }),
            named("gate-1", "iothub:DeviceIdentity", {
                status: "enabled",
                thumbprints: [thumbprint("A"), thumbprint("B")],
            }),
            [
                "root-certificate",
                "tls:index/selfSignedCert:SelfSignedCert",
                {
                    certPem: root.certificate,
                    validityPeriodHours: 87600,
                    subject: { commonName: "IoT Root CA", organization },
                },
            ],
            [
                "root-key",
                "tls:index/privateKey:PrivateKey",
                { algorithm: "ECDSA", ecdsaCurve: "P256", rsaBits: 2048 },
            ],
            ...[["pumps", pumpsCa] as const, ["valves", others] as const].flatMap(
                ([group, { certificate }]): [string, string, Outputs][] => [
                    [
                        `${group}-g1-certificate`,
                        "tls:index/locallySignedCert:LocallySignedCert",
                        {
                            certPem: certificate,
                            caCertPem: root.certificate,
                            validityPeriodHours: 43800,
                        },
                    ],
                    [
                        `${group}-g1-key`,
                        "tls:index/privateKey:PrivateKey",
                        { algorithm: "ECDSA", ecdsaCurve: "P256", rsaBits: 2048 },
                    ],
                ],
            ),
        ];
        resources = Object.fromEntries(
            entries.map(([name, type, outputs]) => [
                `urn:pulumi:prod::iot-x509::${type}::${name}`,
                { type, outputs },
            ]),
        );
    });

    function named(name: string, type: string, outputs: Outputs): [string, string, Outputs] {
        return [name, dynamic + type, outputs];
    }

    const state = (): PreviousState =>
        new PreviousState({ hub: { name: "iot-abc123" } }, resources);
    const settingsOf = (change: Raw = {}, stack = "prod") =>
        readSettings(configuration(change), __dirname, { stack });
    const cutOff = (change: Raw): string[] =>
        devicesCutOff(settingsOf(change), state()).map(({ device }) => device);
    const pumps = listed.map(({ id }) => id);

    it("none when nothing changes, whatever characters the organization has", () => {
        assert.deepEqual(cutOff({}), []);
    });

    const devices = (change: (device: Raw) => Raw | undefined): Raw => ({
        devices: (configuration().devices as Raw[])
            .map(change)
            .filter((device) => device !== undefined),
    });
    const only = (id: string, change: Raw | undefined): Raw =>
        devices((device) => {
            const changed = device.id === id ? change && { ...device, ...change } : device;
            const given = Object.entries(changed ?? {}).filter(([, value]) => value !== undefined);
            return changed && Object.fromEntries(given);
        });

    const cases: readonly [what: string, change: () => Raw, expected: () => string[]][] = [
        ["an empty list", () => ({ devices: [] }), () => [...pumps, "valve-1", "gate-1"]],
        ["a device that leaves", () => only("pump-2", undefined), () => ["pump-2"]],
        ["one that is off already leaves", () => only("off-1", undefined), () => []],
        ["a device disabled", () => only("pump-3", { status: "disabled" }), () => ["pump-3"]],
        [
            "a group blocked",
            () => ({ groups: { pumps: {}, valves: { blocked: true } } }),
            () => ["valve-1"],
        ],
        [
            "rotation with retain",
            () => ({
                groups: { pumps: { intermediate: { generation: 2, retain: [1] } }, valves: {} },
            }),
            () => [],
        ],
        [
            "rotation without retain",
            () => ({ groups: { pumps: { intermediate: { generation: 2 } }, valves: {} } }),
            () => pumps,
        ],
        [
            "a CA with another name",
            () => ({ groups: { pumps: { intermediate: { commonName: "Other" } }, valves: {} } }),
            () => pumps,
        ],
        [
            "a CA with another key",
            () => ({
                groups: { pumps: { intermediate: { keyAlgorithm: "ECDSA-P384" } }, valves: {} },
            }),
            () => pumps,
        ],
        [
            "a CA with another life: its name and key stay",
            () => ({ groups: { pumps: { intermediate: { validityDays: 900 } }, valves: {} } }),
            () => [],
        ],
        [
            "another organization with a rotation that retains",
            () => ({
                organization: "Contoso",
                groups: { pumps: { intermediate: { generation: 2, retain: [1] } }, valves: {} },
            }),
            () => ["valve-1"],
        ],
        ["another organization", () => ({ organization: "Contoso" }), () => [...pumps, "valve-1"]],
        [
            "another organization under a trusted root, which is then another one, too",
            () => ({
                organization: "Contoso",
                pki: { keyAlgorithm: "ECDSA-P256", trust: "root" },
            }),
            () => [...pumps, "valve-1"],
        ],
        [
            "rotation without retain under a trusted root, which the chains lead to",
            () => ({
                pki: { keyAlgorithm: "ECDSA-P256", trust: "root" },
                groups: { pumps: { intermediate: { generation: 2 } }, valves: {} },
            }),
            () => [],
        ],
        [
            "another generation of the root, while one intermediate is under the former",
            () => ({
                pki: { keyAlgorithm: "ECDSA-P256", trust: "root", root: { generation: 2 } },
                groups: { pumps: { intermediate: { generation: 2 } }, valves: {} },
            }),
            () => [],
        ],
        [
            "another generation of the root, and all intermediates rotated without retain",
            () => ({
                pki: { keyAlgorithm: "ECDSA-P256", trust: "root", root: { generation: 2 } },
                groups: {
                    pumps: { intermediate: { generation: 2 } },
                    valves: { intermediate: { generation: 2 } },
                },
            }),
            () => [...pumps, "valve-1"],
        ],
        [
            "a device in another group: the former CA is trusted on",
            () => only("pump-1", { group: "valves" }),
            () => [],
        ],
        [
            "one thumbprint of two replaced",
            () => only("gate-1", { thumbprints: [thumbprint("B"), thumbprint("C")] }),
            () => [],
        ],
        [
            "both thumbprints replaced",
            () => only("gate-1", { thumbprints: [thumbprint("C"), thumbprint("D")] }),
            () => ["gate-1"],
        ],
        [
            "a thumbprint device that gets a CA",
            () => only("gate-1", { auth: "ca", group: "pumps", thumbprints: undefined }),
            () => ["gate-1"],
        ],
        [
            "a group that leaves the hub's list",
            () => ({ dps: {}, groups: { pumps: {}, valves: { provisioning: "dps" } } }),
            () => ["valve-1"],
        ],
        [
            "the same with identities that stay, whose CA does not",
            () => ({
                dps: {},
                pruneDevices: false,
                groups: { pumps: {}, valves: { provisioning: "dps" } },
            }),
            () => ["valve-1"],
        ],
        [
            "the same with identities that stay under a trusted root",
            () => ({
                dps: {},
                pruneDevices: false,
                pki: { keyAlgorithm: "ECDSA-P256", trust: "root" },
                groups: { pumps: {}, valves: { provisioning: "dps" } },
            }),
            () => [],
        ],
        [
            "a hub of another name",
            () => ({ hub: { name: "iot-other" } }),
            () => [...pumps, "valve-1", "gate-1"],
        ],
        [
            "a hub of another prefix",
            () => ({ hub: { prefix: "iot-new" } }),
            () => [...pumps, "valve-1", "gate-1"],
        ],
        ["the hub's present name, fixed", () => ({ hub: { name: "iot-abc123" } }), () => []],
        ["... in another case", () => ({ hub: { name: "IoT-ABC123" } }), () => []],
    ];
    for (const [what, change, expected] of cases) {
        it(`${what}: counts exactly the devices that are cut off`, () => {
            assert.deepEqual(cutOff(change()).sort(), expected().sort());
        });
    }

    it("a prefix after a name makes another hub, even if the name begins like it", () => {
        const withoutSuffix = Object.entries(resources).filter(([urn]) => !urn.endsWith("-suffix"));
        const hub = { name: "iot-by-name" };
        const previous = new PreviousState({ hub }, Object.fromEntries(withoutSuffix));
        assert.ok(devicesCutOff(settingsOf(), previous).some(({ device }) => device === "gate-1"));
        assert.deepEqual(devicesCutOff(settingsOf({ hub }), previous), []);
    });

    it("another key cuts off a device whose own enrollment accepts the certificates of one", async () => {
        const { certificate } = await issue(pumpsCa, { commonName: "pump-1" });
        const urn = `urn:pulumi:prod::iot-x509::${dynamic}pki:DeviceCertificate::pump-1`;
        const outputs = { certificate, key: "RSA-2048/1" };
        const previous = new PreviousState(
            { hub: { name: "iot-abc123" } },
            { ...resources, [urn]: { ...resources[urn], outputs } },
        );
        const cutWith = (keyGeneration: number): string[] => {
            const change = {
                dps: {},
                groups: { pumps: { provisioning: "both" }, valves: {} },
                ...only("pump-1", { enrollment: "individual", keyGeneration }),
            };
            return devicesCutOff(settingsOf(change), previous).map(({ device }) => device);
        };
        assert.deepEqual([cutWith(1), cutWith(2)], [[], ["pump-1"]]);
    });

    it("an individual enrollment survives its CA's certificate, but not its generation", () => {
        const registered = Object.entries(resources).filter(
            ([urn]) => !/DeviceIdentity::pump-/.test(urn),
        );
        const urn = `urn:pulumi:prod::iot-x509::${dynamic}pki:DeviceCertificate::pump-1`;
        const { outputs } = resources[urn];
        const certificate = { ...resources[urn], outputs: { ...outputs, key: "RSA-2048/1" } };
        const previous = new PreviousState(
            { hub: { name: "iot-abc123" } },
            { ...Object.fromEntries(registered), [urn]: certificate },
        );
        const cutWith = (intermediate: Raw): string[] => {
            const change = {
                dps: {},
                groups: { pumps: { provisioning: "dps", intermediate }, valves: {} },
                ...only("pump-1", { enrollment: "individual" }),
            };
            const lost = devicesCutOff(settingsOf(change), previous);
            return lost.map(({ device }) => device).filter((device) => device === "pump-1");
        };
        assert.deepEqual(cutWith({ commonName: "Another name" }), []);
        assert.deepEqual(cutWith({ generation: 2, retain: [1] }), []);
        assert.deepEqual(cutWith({ generation: 2 }), ["pump-1"]);
    });

    it("a device keeps its certificate's own thumbprint", async () => {
        const own = await issue(pumpsCa, { commonName: "pump-1" });
        assert.ok(chain(own).includes("BEGIN"));
        const urn = `urn:pulumi:prod::iot-x509::${dynamic}pki:DeviceCertificate::pump-1`;
        const known = { ...resources, [urn]: { ...resources[urn], outputs: own } };
        const change = only("pump-1", {
            auth: "thumbprint",
            group: undefined,
            thumbprints: [own.thumbprint256],
        });
        const previous = new PreviousState({}, known as unknown as typeof resources);
        assert.deepEqual(devicesCutOff(settingsOf(change), previous), []);
    });

    it("more than a tenth, and more than 5, are refused with names, reasons and the way to go on", () => {
        const message = tooMany(settingsOf({ devices: [] }), state()) ?? "";
        assert.match(message, /^this run would cut off 10 devices .*at most 5 are allowed/);
        assert.match(message, /a tenth of the 11 devices, at least 5/);
        assert.match(message, /^ {2}pump-1: leaves the configuration$/m);
        assert.match(message, /pulumi config set iot-x509:maxCutOff 10;/);
    });

    it("as many as the setting allows pass, and one more is refused", () => {
        const emptied = (maxCutOff: unknown) => settingsOf({ devices: [], maxCutOff });
        assert.equal(tooMany(emptied(10), state()), undefined);
        assert.match(tooMany(emptied(9), state()) ?? "", /at most 9 are allowed/);
        assert.equal(tooMany(emptied("unlimited"), state()), undefined);
        assert.match(tooMany(emptied(0), state()) ?? "", /at most 0 are allowed/);
    });

    it("up to 5 pass without the setting, and any number in a stack named dev", () => {
        const five = { devices: (configuration().devices as Raw[]).slice(5) };
        assert.equal(cutOff(five).length, 5);
        assert.equal(tooMany(settingsOf(five), state()), undefined);
        assert.equal(tooMany(settingsOf({ devices: [] }, "dev"), state()), undefined);
    });

    it("none in a first run", () => {
        assert.equal(tooMany(settingsOf(), PreviousState.none), undefined);
    });

    it("an organization that cannot be read without the stack's key is not compared", () => {
        const hidden = { ...settingsOf({ organization: "encrypted" }), organization: undefined };
        assert.deepEqual(devicesCutOff(hidden, state()), []);
    });
});
