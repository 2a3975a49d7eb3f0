import { strict as assert } from "assert";
import * as fc from "fast-check";
import { closestName } from "../../../../stacks/config/suggestions";
import { readSettings } from "../../../../stacks/config";
import { good, problemsOf, ProjectFolder } from "./configSupport";

/** The alphabet of device IDs in Azure's documents, written out, less the wildcards of MQTT topics. */
const idAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.%_*?!(),=@$'";
const deviceId = fc
    .string({ unit: fc.constantFrom(...idAlphabet), minLength: 1, maxLength: 64 })
    .filter((id) => id !== "." && id !== ".." && id !== "__proto__");
const tagValue = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
);
const tagName = fc
    .string({ unit: fc.constantFrom(..."abcXYZ019_-:/äß日"), minLength: 1, maxLength: 12 })
    .filter((name) => name !== "iotX509");

/** RFC 4180: a cell in quotes, quotes doubled. */
const cell = (text: string): string => `"${text.replace(/"/g, '""')}"`;

describe("configuration: properties", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());
    const withId = (id: string) => good({ devices: [{ id, group: "pumps" }] });

    it("accepts every ID of the documented alphabet up to 64 characters", () => {
        fc.assert(
            fc.property(deviceId, (id) => {
                assert.equal(readSettings(withId(id), folder.path).devices[0].id, id);
            }),
        );
    });

    it("refuses every ID with one character outside the alphabet, at any position", () => {
        const foreign = fc
            .string({ unit: "binary", minLength: 1, maxLength: 1 })
            .filter((character) => !idAlphabet.includes(character));
        fc.assert(
            fc.property(deviceId, foreign, fc.nat(), (id, character, at) => {
                const place = at % (id.length + 1);
                const spoilt = id.slice(0, place) + character + id.slice(place);
                const paths = problemsOf(withId(spoilt), folder.path).map(({ path }) => path);
                assert.deepEqual([...new Set(paths)], ["devices[0].id"]);
            }),
        );
    });

    it("reads from a CSV table the devices that were written to it", () => {
        const row = fc.record({
            id: deviceId,
            status: fc.constantFrom("enabled", "disabled"),
            adopt: fc.boolean(),
            tags: fc.dictionary(tagName, tagValue, { maxKeys: 4, noNullPrototype: true }),
        });
        const rows = fc.uniqueArray(row, {
            selector: ({ id }) => id.toLowerCase(),
            minLength: 1,
            maxLength: 12,
        });
        const ending = fc.constantFrom("\n", "\r\n");
        fc.assert(
            fc.property(rows, ending, fc.boolean(), (devices, newline, mark) => {
                const lines = devices.map(({ id, status, adopt, tags }) =>
                    [id, "pumps", status, String(adopt), JSON.stringify(tags)].map(cell).join(","),
                );
                const text = ["id,group,status,adopt,tags", ...lines].join(newline) + newline;
                folder.write("fleet.csv", (mark ? "\ufeff" : "") + text);
                const settings = readSettings(good({ devicesFile: "fleet.csv" }), folder.path);
                const read = settings.devices.map(({ id, status, adopt, tags }) => ({
                    id,
                    status,
                    adopt,
                    tags,
                }));
                const written = devices.map((device) => ({
                    ...device,
                    tags: JSON.parse(JSON.stringify(device.tags)) as unknown,
                }));
                assert.deepEqual(read, written);
            }),
        );
    });

    it("reads the same devices from JSON as from YAML", () => {
        const devices = fc.uniqueArray(deviceId, {
            selector: (id) => id.toLowerCase(),
            maxLength: 8,
        });
        fc.assert(
            fc.property(devices, (ids) => {
                const list = ids.map((id) => ({ id, group: "pumps", tags: { n: id.length } }));
                folder.write("fleet.json", JSON.stringify(list));
                assert.deepEqual(
                    readSettings(good({ devicesFile: "fleet.json" }), folder.path).devices,
                    readSettings(good({ devices: list }), folder.path).devices,
                );
            }),
        );
    });

    it("fails only with its own error, whatever the input", () => {
        const keys = ["organization", "hub", "pki", "groups", "devices", "tags", "ci"];
        const raw = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }));
        fc.assert(
            fc.property(raw, (given) => {
                assert(problemsOf({ ...given, unknown: 1 }, folder.path).length > 0);
            }),
            { numRuns: 300 },
        );
    });

    it("suggests the right word for every single typing error", () => {
        const words = ["devices", "thumbprints", "status", "certificates", "organization"];
        fc.assert(
            fc.property(fc.constantFrom(...words), fc.nat(), (word, at) => {
                const place = at % (word.length - 1);
                const left = word.slice(0, place) + word.slice(place + 1);
                const swapped =
                    word.slice(0, place) + word[place + 1] + word[place] + word.slice(place + 2);
                assert.equal(closestName(left, words), word);
                assert.equal(closestName(swapped, words), word);
            }),
        );
    });
});
