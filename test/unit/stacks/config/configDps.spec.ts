import { strict as assert } from "assert";
import { ConfigurationError, readSettings } from "../../../../stacks/config";
import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const hubId = (name: string, group = "rg-iot"): string =>
    `/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/${group}` +
    `/providers/Microsoft.Devices/IotHubs/${name}`;
const linked = (name: string, settings: Raw = {}): Raw => ({
    id: hubId(name),
    location: "northeurope",
    ...settings,
});

const dps = (settings: Raw): Raw => good({ dps: settings });
const links = (...linkedHubs: unknown[]): Raw => dps({ linkedHubs });

describe("configuration: the provisioning service", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const read = (raw: Raw) => readSettings(raw, folder.path);

    it("is absent by default", () => {
        const { dps: service, groups: listed } = read(good());
        assert.equal(service, undefined);
        assert.equal(listed[0].provisioning, "listed");
    });

    it("cannot prove an offline root", () => {
        const raw = good({ dps: {}, pki: { trust: "root", root: { keys: "offline" } } });
        assert.throws(
            () => read(raw),
            ({ problems }: ConfigurationError) =>
                problems.some(
                    ({ path, remedy }) => path === "dps" && remedy.includes("trust: intermediates"),
                ),
        );
    });

    it("fills in the defaults of an empty setting", () => {
        assert.deepEqual(read(dps({})).dps, {
            name: undefined,
            prefix: "iot-dps",
            units: 1,
            allocationPolicy: "Hashed",
            weight: 1,
            linkedHubs: [],
            reserveIds: false,
        });
    });

    it("accepts every setting, and resource IDs of hubs in any letter case", () => {
        const id = hubId("hub-2").toUpperCase();
        const given = { id, location: "northeurope", policy: "link", weight: 0 };
        const settings = read(
            dps({
                name: "d".repeat(64),
                units: 2,
                allocationPolicy: "GeoLatency",
                weight: 1000,
                linkedHubs: [given, linked("hub-3")],
                reserveIds: true,
            }),
        );
        assert.deepEqual(settings.dps, {
            name: "d".repeat(64),
            prefix: "iot-dps",
            units: 2,
            allocationPolicy: "GeoLatency",
            weight: 1000,
            linkedHubs: [
                given,
                {
                    id: hubId("hub-3"),
                    location: "northeurope",
                    policy: "iot-x509-dps",
                    weight: 1,
                },
            ],
            reserveIds: true,
        });
    });

    it("does not change the hub's settings: the link needs no shared keys for devices", () => {
        assert.deepEqual(read(dps({})).hub, read(good()).hub);
    });

    it("accepts 49 hubs beside the stack's own", () => {
        const all = Array.from({ length: 49 }, (_, index) => linked(`hub-${index}`));
        assert.equal(read(links(...all)).dps?.linkedHubs.length, 49);
    });
});

describe("configuration: bad values of the provisioning service", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "as text",
                good({ dps: "yes" }),
                "dps",
                '"yes"',
                "must be a mapping",
                "name, prefix, units",
            ],
            [
                "without a value",
                good({ dps: null }),
                "dps",
                "(empty)",
                "must have a value",
                "delete",
            ],
            [
                "misspelt key",
                dps({ linkedHub: [] }),
                "dps.linkedHub",
                '"linkedHub"',
                "not a setting of the provisioning service",
                'did you mean "linkedHubs"?',
            ],
            ["name too short", dps({ name: "ab" }), "dps.name", '"ab"', "3 to 64", "dps.prefix"],
            [
                "name too long",
                dps({ name: "d".repeat(65) }),
                "dps.name",
                `"${"d".repeat(60)}…"`,
                "3 to 64",
                "unique in Azure",
            ],
            [
                "name that ends with a hyphen",
                dps({ name: "dps-" }),
                "dps.name",
                '"dps-"',
                "no hyphen at either end",
                "dps.prefix",
            ],
            [
                "name with a dot",
                dps({ name: "my.dps" }),
                "dps.name",
                '"my.dps"',
                "letters, digits or hyphens",
                "dps.prefix",
            ],
            [
                "prefix without room for the suffix",
                dps({ prefix: "d".repeat(51) }),
                "dps.prefix",
                `"${"d".repeat(51)}"`,
                "1 to 50",
                "dps.name",
            ],
            [
                "name and prefix",
                dps({ name: "dps-1", prefix: "dps" }),
                "dps.prefix",
                '"dps"',
                "exclude each other",
                "delete one",
            ],
            ["no unit", dps({ units: 0 }), "dps.units", "0", "from 1 to 200", "from 1"],
            [
                "allocation by a function",
                dps({ allocationPolicy: "Custom" }),
                "dps.allocationPolicy",
                '"Custom"',
                "calls an Azure Function, which this program does not deploy",
                "Hashed, GeoLatency, Static",
            ],
            [
                "policy in the spelling of enrollments",
                dps({ allocationPolicy: "geoLatency" }),
                "dps.allocationPolicy",
                '"geoLatency"',
                "one of Hashed, GeoLatency, Static",
                'did you mean "GeoLatency"?',
            ],
            ["weight below zero", dps({ weight: -1 }), "dps.weight", "-1", "0 to 1000", "from 0"],
            ["half a weight", dps({ weight: 0.5 }), "dps.weight", "0.5", "whole number", "from 0"],
            [
                "linked hubs as a mapping",
                dps({ linkedHubs: {} }),
                "dps.linkedHubs",
                "a mapping of 0",
                "must be a list",
                "hyphen",
            ],
            [
                "linked hub as text",
                links(hubId("hub-2")),
                "dps.linkedHubs[0]",
                `"${hubId("hub-2").slice(0, 60)}…"`,
                "a linked hub must be a mapping",
                "id, location, policy, weight",
            ],
            [
                "linked hub without an ID",
                links({ location: "westeurope" }),
                "dps.linkedHubs[0].id",
                "(not set)",
                "required",
                "az iot hub show",
            ],
            [
                "linked hub by its host name",
                links({ id: "hub-2.azure-devices.net", location: "westeurope" }),
                "dps.linkedHubs[0].id",
                '"hub-2.azure-devices.net"',
                "resource ID of a hub",
                "--query id",
            ],
            [
                "linked service of another kind",
                links({
                    id: hubId("dps-2").replace("IotHubs", "provisioningServices"),
                    location: "westeurope",
                }),
                "dps.linkedHubs[0].id",
                `"${hubId("dps-2").slice(0, 60)}…"`,
                "resource ID of a hub",
                "--query id",
            ],
            [
                "linked hub without a location",
                links({ id: hubId("hub-2") }),
                "dps.linkedHubs[0].location",
                "(not set)",
                "required",
                "short name",
            ],
            [
                "linked hub's location by its display name",
                links(linked("hub-2", { location: "West Europe" })),
                "dps.linkedHubs[0].location",
                '"West Europe"',
                "lower",
                "westeurope",
            ],
            [
                "policy with a space",
                links(linked("hub-2", { policy: "my policy" })),
                "dps.linkedHubs[0].policy",
                '"my policy"',
                "shared access policy",
                "RegistryWrite and ServiceConnect",
            ],
            [
                "weight of a linked hub beyond 1000",
                links(linked("hub-2", { weight: 1001 })),
                "dps.linkedHubs[0].weight",
                "1001",
                "from 0 to 1000",
                "from 0",
            ],
            [
                "one hub twice, in other letters",
                links(linked("hub-2"), { id: hubId("HUB-2"), location: "northeurope" }),
                "dps.linkedHubs[1].id",
                `"${hubId("HUB-2").slice(0, 60)}…"`,
                "it is dps.linkedHubs[0]",
                "delete one",
            ],
            [
                "this stack's own hub",
                good({ hub: { name: "hub-1" }, dps: { linkedHubs: [linked("hub-1")] } }),
                "dps.linkedHubs[0].id",
                `"${hubId("hub-1").slice(0, 60)}…"`,
                "this stack's own hub",
                "delete one",
            ],
            [
                "more hubs than a service takes",
                links(...Array.from({ length: 50 }, (_, index) => linked(`hub-${index}`))),
                "dps.linkedHubs",
                "a list of 50",
                "at most 50 hubs",
                "at most 49",
            ],
        ]),
    );
});
