import { strict as assert } from "assert";
import { readSettings } from "../../../stacks/config";
import { presentPlace } from "../../../stacks/presentPlace";
import { PreviousState } from "../../../stacks/previousState";
import { Naming } from "../../../stacks/wantedName";

describe("where a resource is before the run", () => {
    const settings = readSettings({ organization: "Contoso", location: "westeurope" }, ".");
    const group = { resourceGroupName: "rg" };
    const recorded = (name: string) => ({ name, location: "West Europe" });
    const suffix = {
        "urn:pulumi:dev::iot-x509::random:index/randomString:RandomString::iot-suffix": {
            type: "random:index/randomString:RandomString",
            outputs: { result: "abc123" },
        },
    };
    const generated = new PreviousState(group, suffix);
    const named = new PreviousState(group, {});

    const cases: readonly [string, Naming, string | undefined, PreviousState, string?][] = [
        ["by its name", { name: "hub-a", prefix: "iot" }, "hub-a", named, "hub-a"],
        ["in another case", { name: "Hub-A", prefix: "iot" }, "hub-a", named, "hub-a"],
        ["imported", { name: "hub-a", prefix: "iot" }, undefined, named, "hub-a"],
        ["by its prefix", { prefix: "iot" }, "iot-abc123", generated, "iot-abc123"],
        ["not with another name", { name: "hub-b", prefix: "iot" }, "hub-a", named],
        ["not with another prefix", { prefix: "other" }, "iot-abc123", generated],
        ["not with a prefix after a name", { prefix: "iot" }, "hub-a", named],
        ["... even one that begins like it", { prefix: "iot" }, "iot-hub", named],
        ["not before it is made", { prefix: "iot" }, undefined, named],
    ];
    for (const [what, wanted, name, previous, place] of cases) {
        it(what, () => {
            const before = name === undefined ? undefined : recorded(name);
            const found = presentPlace(settings, wanted, "iot", before, previous);
            assert.equal(found?.resourceName, place);
        });
    }
});
