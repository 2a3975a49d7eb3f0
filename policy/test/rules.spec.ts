import { strict as assert } from "assert";
import { ownIntermediate, verifiedCas } from "../rules/authorities";
import { renewalWindows, validity } from "../rules/certificates";
import { HeldResource, protectedStack } from "../rules/changes";
import { keySizes, noSharedKeys } from "../rules/keys";
import { names, tlsFloor } from "../rules/platform";
import { StackResource, types, unknown, Violation } from "../stack";

function resource(
    type: string,
    name: string,
    props: StackResource["props"],
    more: Partial<StackResource> = {},
): StackResource {
    return { type, name, urn: urnOf(type, name), props, isProtected: false, sources: {}, ...more };
}

function urnOf(type: string, name: string): string {
    return `urn:pulumi:prod::iot-x509::${type}::${name}`;
}

const told = (violations: readonly Violation[]): string[] =>
    violations.map(({ message }) => message);

/** Every message names a remedy. */
function breaks(violations: readonly Violation[], ...patterns: readonly RegExp[]): void {
    const messages = told(violations);
    assert.equal(messages.length, patterns.length, messages.join("\n"));
    patterns.forEach((pattern, index) => assert.match(messages[index], pattern));
    messages.forEach((message) => assert.match(message, / — /));
}

describe("policy: every CA is verified", () => {
    const ca = (props: StackResource["props"]): Violation[] =>
        verifiedCas([resource(types.verifiedCa, "pumps-g1", props)], {});

    it("a proven one passes, and one whose proof this run makes", () => {
        assert.deepEqual(ca({ isVerified: true, hasKey: false }), []);
        assert.deepEqual(ca({ isVerified: unknown, hasKey: true }), []);
        assert.deepEqual(ca({ hasKey: true }), []);
        assert.deepEqual(ca({ hasKey: false, proof: "digest" }), []);
    });

    it("one that awaits its proof is refused, before and after it is uploaded", () => {
        breaks(ca({ isVerified: false, hasKey: true }), /CA pumps-g1 is not verified/);
        breaks(ca({ isVerified: false, hasKey: false, proof: "digest" }), /not verified/);
        breaks(ca({ hasKey: false, isVerified: unknown }), /not verified/);
    });

    it("one that another provider only claims to have verified is refused", () => {
        const resources = [types.hubCertificate, types.serviceCertificate].map((type) =>
            resource(type, "other", { properties: { isVerified: true } }),
        );
        breaks(verifiedCas(resources, {}), /proves nothing/, /proves nothing/);
    });
});

describe("policy: each group has an intermediate of its own", () => {
    const root = resource(types.selfSigned, "root-certificate", {});
    const signed = resource(types.locallySigned, "pumps-g1-certificate", {});
    const issuer = (name: string, digest: unknown, source: StackResource): StackResource =>
        resource(types.issuer, name, { digest }, { sources: { digest: [source.urn] } });

    it("groups with one each pass, also while they are unknown", () => {
        const issuers = [issuer("pumps", "a", signed), issuer("taps", "b", signed)];
        assert.deepEqual(ownIntermediate([root, signed, ...issuers], {}), []);
        const unknowns = [issuer("pumps", unknown, signed), issuer("taps", unknown, signed)];
        assert.deepEqual(ownIntermediate(unknowns, {}), []);
    });

    it("a group that signs with the root, or with another's CA, is refused", () => {
        breaks(ownIntermediate([root, issuer("pumps", "a", root)], {}), /pumps signs with a self/);
        breaks(
            ownIntermediate([issuer("pumps", "a", signed), issuer("taps", "a", signed)], {}),
            /taps signs with the CA of group pumps/,
        );
        const groups = ["pumps", "taps"].map((name) =>
            resource(types.enrollmentGroup, name, { trusted: ["root"] }),
        );
        breaks(ownIntermediate(groups, {}), /taps trusts a CA of enrollment group pumps/);
    });
});

describe("policy: no shared keys", () => {
    const off = { disableLocalAuth: true, disableDeviceSAS: true, disableModuleSAS: true };
    const bounds = { allowedPolicies: ["iot-x509-dps"] };
    const hub = (properties: object): StackResource => resource(types.hub, "iot", { properties });
    const service = resource(types.service, "dps", {});

    it("a hub without them passes, and one whose service alone has a key", () => {
        assert.deepEqual(noSharedKeys([hub(off)], bounds), []);
        const authorizationPolicies = [{ keyName: "iot-x509-dps" }];
        const linked = { ...off, disableLocalAuth: false, authorizationPolicies };
        assert.deepEqual(noSharedKeys([hub(linked), service], bounds), []);
    });

    it("an open hub, other policies and open event hubs are refused", () => {
        breaks(
            noSharedKeys([hub({ ...off, disableLocalAuth: false })], bounds),
            /disableLocalAuth/,
        );
        breaks(noSharedKeys([hub({ ...off, disableDeviceSAS: undefined })], bounds), /DeviceSAS/);
        const authorizationPolicies = [{ keyName: "iot-x509-dps" }, { keyName: "iothubowner" }];
        breaks(
            noSharedKeys([hub({ ...off, authorizationPolicies }), service], bounds),
            /policies iothubowner/,
        );
        breaks(noSharedKeys([resource(types.eventHubs, "events", {})], bounds), /Event Hubs/);
    });

    it("two devices with one thumbprint are refused, one device with two is not", () => {
        const device = (name: string, ...thumbprints: string[]): StackResource =>
            resource(types.identity, name, { thumbprints });
        assert.deepEqual(noSharedKeys([device("a", "1", "2"), device("b", "3")], bounds), []);
        breaks(
            noSharedKeys([device("a", "1"), device("b", "1")], bounds),
            /Devices a and b have the same key/,
        );
    });
});

describe("policy: sizes of keys", () => {
    const bounds = { minRsaBits: 2048, minCaRsaBits: 3072, curves: ["P256"] };

    it("of CAs", () => {
        const ca = (props: StackResource["props"]): Violation[] =>
            keySizes([resource(types.key, "root-key", props)], bounds);
        assert.deepEqual(ca({ algorithm: "RSA", rsaBits: 3072 }), []);
        assert.deepEqual(ca({ algorithm: "ECDSA", ecdsaCurve: "P256", rsaBits: 2048 }), []);
        breaks(ca({ algorithm: "RSA", rsaBits: 2048 }), /RSA-2048, below RSA-3072/);
        breaks(ca({ algorithm: "ECDSA", ecdsaCurve: "P224" }), /on curve P224, not on P256/);
    });

    it("of devices that are still to get a certificate", () => {
        const device = (keyAlgorithm: string): Violation[] =>
            keySizes([resource(types.deviceCertificate, "a", { keyAlgorithm })], bounds);
        assert.deepEqual(device("RSA-2048"), []);
        assert.deepEqual(device("ECDSA-P256"), []);
        breaks(device("RSA-1024"), /device a is RSA-1024/);
        breaks(device("ECDSA-P384"), /curve P384/);
    });
});

describe("policy: validity and renewal", () => {
    const device = (validityDays: number, renewBeforeDays: number): StackResource[] => [
        resource(types.deviceCertificate, "a", { validityDays, renewBeforeDays }),
    ];

    it("certificates last up to the bounds", () => {
        const bounds = { maxDeviceDays: 90, maxIntermediateDays: 100, maxRootDays: 200 };
        const ca = (type: string, days: number): StackResource =>
            resource(type, "ca", { validityPeriodHours: days * 24 });
        const fine = [ca(types.locallySigned, 100), ca(types.selfSigned, 200), ...device(90, 30)];
        assert.deepEqual(validity(fine, bounds), []);
        breaks(
            validity(
                [...device(91, 30), ca(types.locallySigned, 101), ca(types.selfSigned, 201)],
                bounds,
            ),
            /device a is valid for 91 days, more than 90/,
            /Intermediate ca is valid for 101 days, more than 100/,
            /Root ca is valid for 201 days, more than 200/,
        );
    });

    it("the window is neither too short nor most of the validity", () => {
        const bounds = { minDays: 7, maxShare: 0.5 };
        assert.deepEqual(renewalWindows(device(90, 7), bounds), []);
        assert.deepEqual(renewalWindows(device(90, 45), bounds), []);
        breaks(renewalWindows(device(90, 6), bounds), /has 6 days/);
        breaks(renewalWindows(device(90, 46), bounds), /renewed 46 of its 90 days/);
    });
});

describe("policy: TLS and names", () => {
    it("a hub without a floor, or with a lower one, is refused", () => {
        const hub = (minTlsVersion?: unknown): StackResource =>
            resource(types.hub, "iot", { properties: { minTlsVersion } });
        const bounds = { floor: "1.2" };
        assert.deepEqual(tlsFloor([hub("1.2"), hub("1.3"), hub(unknown)], bounds), []);
        breaks(tlsFloor([hub()], bounds), /of any version, below 1.2/);
        breaks(tlsFloor([hub("1.0")], bounds), /TLS 1.0/);
        breaks(tlsFloor([resource(types.eventHubs, "e", {})], bounds), /set minimumTlsVersion/);
    });

    it("a name that does not match its pattern is refused, an unknown one is not", () => {
        const bounds = {
            hub: "^iot-",
            service: "^dps-",
            resourceGroup: "^rg-",
            group: "^[a-z]+$",
            device: "^[a-z]+-[0-9]+$",
        };
        const fine = [
            resource(types.hub, "x", { name: unknown }),
            resource(types.hub, "x", { name: "iot-a" }),
            resource(types.identity, "pump-1", {}),
        ];
        assert.deepEqual(names(fine, bounds), []);
        breaks(
            names(
                [
                    resource(types.hub, "x", { name: "hub" }),
                    resource(types.issuer, "Pumps", {}),
                    resource(types.registration, "pump", {}),
                ],
                bounds,
            ),
            /hub name "hub" does not match/,
            /group name "Pumps"/,
            /device name "pump"/,
        );
    });
});

describe("policy: a protected stack", () => {
    const bounds = { maxAdopted: 0, maxDeleted: 1, maxReplaced: 0 };
    const hub = resource(types.hub, "iot", { name: "iot-a" }, { isProtected: true });
    const held = (type: string, name: string, outputs: object = {}): HeldResource => ({
        type,
        urn: urnOf(type, name),
        outputs: { ...outputs },
    });
    const heldHub = held(types.hub, "iot", { name: "iot-a" });
    const pumps = ["pump-1", "pump-2"].map((name) => held(types.identity, name));

    it("may lose as many as the number says", () => {
        assert.deepEqual(protectedStack([hub], [heldHub, pumps[0]], true, bounds), []);
        breaks(
            protectedStack([hub], [heldHub, ...pumps], true, bounds),
            /2 resources of a protected stack would be deleted, more than 1: pump-1, pump-2/,
        );
    });

    it("loses no device that is kept, and nothing that was replaced before", () => {
        assert.deepEqual(protectedStack([hub], [heldHub, ...pumps], false, bounds), []);
        const replaced = pumps.map((one) => ({ ...one, delete: true }));
        assert.deepEqual(protectedStack([hub], [heldHub, ...replaced], true, bounds), []);
    });

    it("is one also when this change lifts the protection", () => {
        const open = { ...hub, isProtected: false };
        assert.deepEqual(protectedStack([open], [heldHub, ...pumps], true, bounds), []);
        const before = [{ ...heldHub, protect: true }, ...pumps];
        breaks(protectedStack([open], before, true, bounds), /would be deleted/);
    });

    it("keeps what has another name or region, however Azure writes it", () => {
        const at = (location: string): StackResource => ({
            ...hub,
            props: { name: "IOT-A", location },
        });
        const before = [held(types.hub, "iot", { name: "iot-a", location: "West Europe" })];
        assert.deepEqual(protectedStack([at("westeurope")], before, true, bounds), []);
        breaks(protectedStack([at("northeurope")], before, true, bounds), /replaced, more than 0/);
    });

    it("adopts no identity but those that it has", () => {
        const device = resource(types.identity, "pump-1", { adopt: true });
        assert.deepEqual(protectedStack([hub, device], [heldHub, pumps[0]], true, bounds), []);
        breaks(protectedStack([hub, device], [heldHub], true, bounds), /would be adopted/);
    });
});
