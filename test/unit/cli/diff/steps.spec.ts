import { strict as assert } from "assert";
import { certificateReasons } from "../../../../cli/diff/certificateReasons";
import { FleetDiff } from "../../../../cli/diff/fleetDiff";
import { brokenRules, closedGates, readGates } from "../../../../cli/diff/gates";
import { markdown, mostCharacters } from "../../../../cli/diff/markdown";
import { resourceChanges } from "../../../../cli/diff/resources";
import { changingSteps, Step } from "../../../../cli/diff/step";

const hubUrn =
    "urn:pulumi:prod::iot-x509::iot-x509:iothub:Hub$azure-native:iothub:IotHubResource::iot-hub";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("steps of the engine", () => {
    it("of a replacement are one, with what was and what comes", () => {
        const old = { inputs: { location: "westeurope" }, outputs: {} };
        const next = { inputs: { location: "northeurope" }, outputs: {} };
        const steps = changingSteps([
            { op: "same", urn: hubUrn.replace("iot-hub", "other") },
            { op: "delete-replaced", urn: hubUrn, old, new: null },
            { op: "replace", urn: hubUrn, old, new: next },
            { op: "create-replacement", urn: hubUrn, old, new: next },
        ]);
        assert.equal(steps.length, 1);
        const [{ action, type, name }] = steps;
        assert.deepEqual(
            [action, type, name],
            ["replace", "azure-native:iothub:IotHubResource", "iot-hub"],
        );
        const [hub] = resourceChanges(steps);
        assert.deepEqual(hub.properties, ["location: westeurope -> northeurope"]);
        assert.equal(hub.holdsData, true);
    });

    it("show no value that may be a secret", () => {
        const change = (olds: object, news: object): readonly string[] =>
            resourceChanges(
                changingSteps([
                    {
                        op: "update",
                        urn: hubUrn,
                        old: { inputs: { ...olds } },
                        new: { inputs: { ...news } },
                    },
                ]),
            )[0].properties;
        assert.deepEqual(change({ sku: { capacity: 1 } }, { sku: { capacity: 2 } }), [
            "sku.capacity: 1 -> 2",
        ]);
        assert.deepEqual(change({ primaryKey: "abc" }, { primaryKey: "def" }), ["primaryKey"]);
        assert.deepEqual(change({ etag: "[secret]" }, { etag: "x" }), ["etag"]);
        const secret = { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: "v1:abc" };
        assert.deepEqual(change({ etag: secret }, { etag: "x" }), ["etag"]);
        assert.deepEqual(change({ etag: "x" }, { etag: unknown }), [
            "etag: x -> known after the run",
        ]);
    });
});

describe("an alert rule", () => {
    const urn =
        "urn:pulumi:prod::iot-x509::iot-x509:alerts:AlertRules$azure-native:monitor:ScheduledQueryRule::alerts-30";
    const inputs = (query: unknown, severity = 3) => ({
        inputs: { severity, criteria: { allOf: [{ query, threshold: 0 }] } },
    });
    const changes = (news: ReturnType<typeof inputs>) =>
        resourceChanges(changingSteps([{ op: "update", urn, old: inputs("a"), new: news }])).map(
            ({ kind, name, properties }) => [kind, name, ...properties],
        );

    it("that changes with certificates alone is no change beside theirs", () => {
        assert.deepEqual(changes(inputs(unknown)), []);
    });

    it("that changes otherwise is one", () => {
        assert.deepEqual(changes(inputs(unknown, 2)).length, 1);
        assert.deepEqual(changes(inputs("b")), [["alert", "alerts-30", "criteria.allOf"]]);
    });
});

describe("an encrypted property of a hub", () => {
    it("is told by the paths that its provider reports, without those that the service adds", () => {
        const properties = { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: "[secret]" };
        const [hub] = resourceChanges(
            changingSteps([
                {
                    op: "update",
                    urn: hubUrn,
                    old: { inputs: { properties, sku: { capacity: 1 } } },
                    new: { inputs: { properties, sku: { capacity: 2 } } },
                    detailedDiff: {
                        "properties.routing": { diffKind: "add" },
                        "properties.disableDeviceSAS": { diffKind: "update" },
                        "properties.features": { kind: "add" },
                        "properties.minTlsVersion": { kind: "delete" },
                        "sku.capacity": { kind: "update" },
                    },
                },
            ]),
        );
        assert.deepEqual(hub.properties, [
            "sku.capacity: 1 -> 2",
            "properties.disableDeviceSAS",
            "properties.minTlsVersion",
        ]);
    });
});

describe("why a certificate is issued again", () => {
    const olds = {
        issuer: "a",
        validityDays: 90,
        renewBeforeDays: 30,
        keyAlgorithm: "ECDSA-P256",
        keyGeneration: 1,
    };
    const reasons = (news: object): string[] => {
        const step: Step = {
            action: "update",
            urn: "",
            type: "",
            name: "",
            paths: [],
            before: { inputs: olds, outputs: { key: "ECDSA-P256/1" } },
            after: { inputs: { ...olds, ...news }, outputs: {} },
        };
        return certificateReasons(step, undefined);
    };

    it("is the first that changed, and renewal only when nothing did", () => {
        assert.deepEqual(reasons({}), ["renewal due"]);
        assert.deepEqual(reasons({ renewBeforeDays: 60 }), ["renewal due"]);
        assert.deepEqual(reasons({ issuer: "b" }), ["issuer rotated"]);
        assert.deepEqual(reasons({ issuer: unknown }), ["issuer rotated"]);
        assert.deepEqual(reasons({ validityDays: 60 }), ["policy changed"]);
        assert.deepEqual(reasons({ organization: "Fabrikam" }), ["subject changed"]);
        assert.deepEqual(reasons({ keyGeneration: 2, issuer: unknown }), [
            "key changed",
            "issuer rotated",
        ]);
    });
});

/** A change that cuts every device off, for so many reasons. */
function largeDiff(devices: number, groups: number): FleetDiff {
    const ids = Array.from({ length: devices }, (_, index) => `device-${"x".repeat(90)}-${index}`);
    const group = (index: number): string => `group-${index % groups}`;
    return {
        version: 1,
        stack: "prod",
        isEmpty: false,
        operations: { create: 0, update: 0, replace: 1, delete: devices },
        access: {
            lost: ids.map((device, index) => ({
                device,
                group: group(index),
                refused: "connect",
                after: "deleted",
                why: "leaves the configuration",
                today: null,
            })),
            kept: [],
        },
        devices: {
            before: { devices, enabled: devices },
            after: { devices: 0, enabled: 0 },
            byGroup: Array.from({ length: groups }, (_, index) => ({
                group: group(index),
                counts: { deleted: devices / groups },
            })),
            changes: ids.map((device, index) => ({
                device,
                group: group(index),
                kind: "deleted",
                detail: `reason ${index % 200}`,
            })),
        },
        trust: ids
            .slice(0, groups)
            .map((name) => ({ name, at: "hub", what: "removed", detail: "" })),
        resources: [],
        limits: [],
        registry: { operations: devices, minutes: 10, hub: "S1 x 1" },
        stateBytes: 0,
        warnings: ids.slice(0, 500),
        refusal: null,
        violations: [],
        unread: [],
    };
}

describe("the comment for a pull request", () => {
    for (const [devices, groups] of [
        [100, 2],
        [10_000, 20],
        [100_000, 1000],
    ]) {
        it(`is short enough for ${devices} devices in ${groups} groups, with all counts`, () => {
            const text = markdown(largeDiff(devices, groups));
            assert.ok(text.length < mostCharacters, String(text.length));
            const count = devices.toLocaleString("en-US");
            assert.ok(text.includes(`**⚠ ${count} devices lose access`));
            assert.ok(text.includes(`| all | ${count} |`));
        });
    }

    it("is short enough for texts that are all escapes, and counts what it leaves out", () => {
        const long = "<".repeat(2000);
        const diff = largeDiff(5000, 1000);
        const kept = Array.from({ length: 1000 }, (_, index) => ({
            group: `${long}${index}`,
            devices: [`kept-${index}-a`, `kept-${index}-b`],
            why: long,
        }));
        const lost = diff.access.lost.map((one) => ({ ...one, why: long, group: long }));
        const text = markdown({
            ...diff,
            access: { lost, kept },
            trust: diff.trust.map((one) => ({ ...one, detail: long })),
            resources: Array.from({ length: 500 }, () => ({
                kind: "other" as const,
                name: long,
                action: "delete" as const,
                holdsData: true,
                properties: [long],
            })),
            warnings: Array.from({ length: 500 }, () => long),
            refusal: long,
            unread: Array.from({ length: 500 }, () => long),
        });
        assert.ok(text.length < mostCharacters, String(text.length));
        assert.ok(text.includes("**⚠ 5,000 devices lose access"));
        assert.match(text, /and 991 more lists of 1,982 names, which --html and --json have/);
    });

    it("tells the hub's status and last activity apart from the change", () => {
        const seen = (activity: string | null) => ({
            status: "enabled" as const,
            lastActivity: activity,
        });
        const withToday = (count: number, activity: string | null): string => {
            const diff = largeDiff(count, 1);
            const lost = diff.access.lost.map((one) => ({ ...one, today: seen(activity) }));
            return markdown({ ...diff, access: { lost, kept: [] } });
        };
        const time = "2026-11-28T14:02:59.123Z";
        assert.ok(
            withToday(2, time).includes("| <sub>enabled, active 2026-11-28 14:02 UTC</sub> |"),
        );
        assert.ok(withToday(2, null).includes("| <sub>enabled, never connected</sub> |"));
        assert.ok(withToday(30, time).includes("| <sub>active 2026-11-28 14:02 UTC</sub> |"));
        assert.ok(markdown(largeDiff(2, 1)).includes("| <sub>unknown</sub> |"));
        // As fleet-deploy compares a diff with the reviewed one.
        const compared = (text: string): string => text.replace(/<sub>[^<]*<\/sub>/g, "");
        assert.equal(compared(withToday(2, time)), compared(markdown(largeDiff(2, 1))));
    });

    it("begins with the rules of a policy pack that the change breaks", () => {
        const broken = { policy: "names", stack: "prod", isMandatory: true, message: "no <name>" };
        const diff = { ...largeDiff(2, 1), violations: [broken] };
        assert.match(
            markdown(diff),
            /^### .*\n\n.*\n\n#### Policy pack\n\n- \*\*names \(prod\): no &lt;name&gt;\*\*\n/,
        );
        assert.deepEqual(brokenRules(diff), ["names (prod): no <name>"]);
        const advice = { ...broken, isMandatory: false };
        assert.deepEqual(brokenRules({ ...diff, violations: [advice] }), []);
    });

    it("shows names as they are, whatever Markdown makes of them", () => {
        const diff = largeDiff(2, 1);
        const [first, ...others] = diff.access.lost;
        const text = markdown({
            ...diff,
            access: { lost: [{ ...first, device: "a|b*c@org<img>" }, ...others], kept: [] },
        });
        assert.ok(text.includes("a\\|b\\*c@\u200borg&lt;img&gt;"));
    });
});

describe("--fail-on", () => {
    const closed = (text: string): string[] => closedGates(largeDiff(10, 1), readGates(text));

    it("counts deletions against its number", () => {
        assert.deepEqual(closed("delete=10"), []);
        assert.match(closed("delete=9")[0], /^delete=9: 10 devices and resources/);
    });

    it("sees a replacement, and a CA that is removed", () => {
        assert.match(closed("replace")[0], /^replace: 1/);
        assert.match(closed("ca-removed")[0], /^ca-removed: .* from the hub/);
        assert.equal(closed("access-lost,replace,ca-removed").length, 3);
    });

    it("sees a CA that is replaced where it is trusted, not one that is signed again in the state", () => {
        const only = (at: "hub" | "state", what: "replaced" | "signed again"): string[] =>
            closedGates(
                { ...largeDiff(10, 1), trust: [{ name: "pumps-g1", at, what, detail: "" }] },
                readGates("ca-removed"),
            );
        assert.deepEqual(only("hub", "replaced"), ["ca-removed: pumps-g1 from the hub (replaced)"]);
        assert.deepEqual(only("state", "signed again"), []);
    });
});
