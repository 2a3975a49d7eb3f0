import { strict as assert } from "assert";
import { isAsDeclared, mergeParts, partsOf } from "../../../../components/iothub/hubParts";
import { policiesOf, provisioningKey } from "../../../../components/iothub/sharedAccess";

const events = { retentionTimeInDays: 5, partitionCount: 4 };
const policy = (keyName: string, rights = "ServiceConnect", primaryKey = `${keyName}-1`) => ({
    keyName,
    rights: rights as "ServiceConnect",
    primaryKey,
    secondaryKey: `${keyName}-2`,
});

describe("parts of a hub that the program does not declare", () => {
    it("are what a read shows, without computed and empty values", () => {
        const parts = partsOf({
            tags: { site: "lab" },
            identity: {
                type: "SystemAssigned, UserAssigned",
                principalId: "p",
                tenantId: "t",
                userAssignedIdentities: { "/id/b": { clientId: "c" }, "/id/a": {} },
            },
            properties: {
                hostName: "h.azure-devices.net",
                state: "Active",
                disableLocalAuth: true,
                ipFilterRules: [],
                enableFileUploadNotifications: false,
                eventHubEndpoints: {
                    events: { ...events, partitionIds: ["0"], path: "h", endpoint: "sb://x/" },
                },
                routing: {
                    endpoints: { eventHubs: [] },
                    routes: [{ name: "hot", isEnabled: false }],
                },
            },
        });
        assert.deepEqual(parts, {
            tags: { site: "lab" },
            identity: {
                type: "SystemAssigned, UserAssigned",
                userAssignedIdentities: ["/id/a", "/id/b"],
            },
            properties: {
                enableFileUploadNotifications: false,
                eventHubEndpoints: { events },
                routing: { routes: [{ name: "hot", isEnabled: false }] },
            },
        });
    });

    it("an identity of type None and empty tags are omitted", () => {
        assert.deepEqual(partsOf({ identity: { type: "None" }, tags: {} }), { properties: {} });
    });

    it("declared values override existing ones; named items individually, in place", () => {
        const present = {
            sku: { name: "S1", capacity: 1 },
            routes: [
                { name: "a", isEnabled: true },
                { name: "B", condition: "x" },
            ],
            list: ["one"],
        };
        const declared = {
            sku: { capacity: 2 },
            routes: [{ name: "c" }, { name: "b", condition: "y" }],
            list: ["two"],
        };
        assert.deepEqual(mergeParts(present, declared), {
            sku: { name: "S1", capacity: 2 },
            routes: [{ name: "a", isEnabled: true }, { name: "b", condition: "y" }, { name: "c" }],
            list: ["two"],
        });
        assert.deepEqual(mergeParts(undefined, declared), declared);
        assert.deepEqual(mergeParts(present, undefined), present);
    });

    it("a hub matches its declaration whatever else it has; an omitted switch is off", () => {
        const present = { sku: { name: "S1", capacity: 1, tier: "Standard" }, properties: {} };
        assert.ok(isAsDeclared(present, { properties: { disableLocalAuth: false } }));
        assert.ok(!isAsDeclared(present, { properties: { disableLocalAuth: true } }));
        assert.ok(!isAsDeclared(present, { sku: { capacity: 2 } }));
    });
});

describe("shared access policies of a hub", () => {
    const link = "RegistryWrite, ServiceConnect";
    const names = (all: readonly { keyName: string }[] = []) => all.map(({ keyName }) => keyName);

    it("a new hub without a link: Azure creates its default policies", () => {
        const rules = { localAuth: true, isLinked: false, present: undefined };
        assert.equal(policiesOf(undefined, rules), undefined);
    });

    it("an existing hub keeps all with their keys when nothing is linked", () => {
        const present = [policy("service"), policy("mine")];
        assert.deepEqual(
            policiesOf(undefined, { localAuth: true, isLinked: false, present }),
            present,
        );
    });

    it("a new link with keys enabled: Azure's five and its own, with stable keys", () => {
        const rules = { localAuth: true, isLinked: true, present: undefined };
        const made = policiesOf("secret", rules);
        assert.deepEqual(names(made), [
            "device",
            "iot-x509-dps",
            "iothubowner",
            "registryRead",
            "registryReadWrite",
            "service",
        ]);
        assert.deepEqual(policiesOf("secret", rules), made);
        assert.equal(Buffer.from(provisioningKey(made ?? []), "base64").length, 32);
        assert.notDeepEqual(policiesOf("other", rules), made);
    });

    it("a new link with keys disabled: others' policies stay, Azure's five are removed", () => {
        const present = [policy("iothubowner"), policy("reporting"), policy("service")];
        const made = policiesOf("secret", { localAuth: false, isLinked: true, present });
        assert.deepEqual(names(made), ["iot-x509-dps", "reporting"]);
        assert.deepEqual(made?.[1], policy("reporting"));
    });

    it("the link's existing policy keeps its keys and gets missing rights", () => {
        const present = [policy("iot-x509-dps", "ServiceConnect", "as before")];
        const made = policiesOf("secret", { localAuth: false, isLinked: true, present });
        assert.deepEqual(made, [policy("iot-x509-dps", link, "as before")]);
        assert.equal(provisioningKey(made ?? []), "as before");
    });

    it("a deleted default policy stays deleted", () => {
        const present = [policy("device"), policy("iot-x509-dps", link)];
        const made = policiesOf("secret", { localAuth: true, isLinked: true, present });
        assert.deepEqual(names(made), ["device", "iot-x509-dps"]);
    });
});
