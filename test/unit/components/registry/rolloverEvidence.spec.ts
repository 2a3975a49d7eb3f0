import { deepStrictEqual as equal } from "assert";
import { Sighting, standing } from "../../../../components/registry/rolloverEvidence";

const now = new Date("2027-01-10T12:00:00Z");
const next = ["AB".repeat(20), "CD".repeat(32)];
const staying = [{ subject: "CN=IoT Intermediate CA pumps G2, O=Contoso, C=DE", generation: 2 }];
const leaving = { group: "pumps", generation: 1, staying };
const old = "EF".repeat(32);
const later = "2027-03-01T00:00:00Z";

const seen = (change: Partial<Sighting> = {}): Sighting => ({
    status: "enabled",
    thumbprints: [],
    reported: {},
    issued: [],
    ...change,
});
const reports = (thumbprint: unknown, issuer: unknown): Sighting =>
    seen({ reported: { certificate: { thumbprint, issuer } } });

const past = "2027-01-10T11:59:59Z";
/** A hub that knows the device by `old`, and a note of what the EST service issued to it. */
const issued = (thumbprint: string, generation: number, group = "pumps", notAfter = later) =>
    seen({
        thumbprints: [old],
        issued: [{ thumbprint, generation, group, at: "2026-12-01T00:00:00Z", notAfter }],
    });

/** By hand, after the rules of the design: what is not known counts as not moved. */
const table: [title: string, until: string | null, sightings: Sighting[], state: string][] = [
    ["its last certificate of the CA ended", "2027-01-10T11:59:59Z", [], "moved"],
    ["its last certificate of the CA ends in a second", "2027-01-10T12:00:01Z", [], "unknown"],
    ["the end is unknown, and no hub has it", null, [], "unknown"],
    ["it is disabled", null, [seen({ status: "disabled" })], "moved"],
    ["it is disabled on one of two hubs", null, [seen({ status: "disabled" }), seen()], "unknown"],
    ["the hub knows its new SHA-1 thumbprint", null, [seen({ thumbprints: [next[0]] })], "moved"],
    ["the hub knows its new SHA-256 too", null, [seen({ thumbprints: [old, next[1]] })], "moved"],
    ["the hub knows an old thumbprint", null, [seen({ thumbprints: [old] })], "not moved"],
    ["it reported the new certificate", null, [reports(next[1].toLowerCase(), "CN=x")], "moved"],
    ["it reported a CA that stays", null, [reports(old, staying[0].subject)], "moved"],
    [
        "it reported that CA with its parts in another order",
        null,
        [reports(old, "C=DE, O=Contoso,CN=IoT Intermediate CA pumps G2")],
        "moved",
    ],
    [
        "it reported an earlier generation",
        null,
        [reports(old, "CN=IoT Intermediate CA pumps G1, O=Contoso, C=DE")],
        "not moved",
    ],
    [
        "it reported another organization's CA",
        null,
        [reports(old, "CN=IoT Intermediate CA pumps G2, O=Other, C=DE")],
        "not moved",
    ],
    ["it reported something else", null, [reports(7, ["x"])], "unknown"],
    ["it reported nothing", null, [seen()], "unknown"],
    ["the hub knows what the EST service issued", null, [issued(old, 2)], "moved"],
    ["... on one of two hubs", null, [seen(), issued(old, 2)], "moved"],
    ["the EST service issued it by the CA that leaves", null, [issued(old, 1)], "not moved"],
    ["... or for another group", null, [issued(old, 2, "valves")], "not moved"],
    ["the hub does not know what the EST service issued", null, [issued(next[1], 2)], "not moved"],
    ["the EST service renewed it by the CA that leaves", past, [issued(old, 1)], "not moved"],
    ["... until a second ago", past, [issued(old, 1, "pumps", past)], "moved"],
];

describe("evidence that a device can do without a CA", () => {
    for (const [title, until, sightings, state] of table) {
        it(`${title}: ${state}`, () => {
            equal(standing({ id: "d", until, next }, leaving, sightings, now).state, state);
        });
    }

    it("a device without a new certificate has not moved by a thumbprint", () => {
        const sightings = [seen({ thumbprints: [old] })];
        const { state } = standing(
            { id: "d", until: null, next: [] },
            { ...leaving, staying: [] },
            sightings,
            now,
        );
        equal(state, "not moved");
    });
});
