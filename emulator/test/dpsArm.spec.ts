import { deepStrictEqual, match, strictEqual } from "assert";
import { ArmAnswer, ArmWire, messageOf, until } from "../../test/support/armWire";
import { send } from "../../test/support/hubWire";
import { makeCa } from "../../test/support/pki";

const services = "/resourceGroups/g/providers/Microsoft.Devices/provisioningServices";
const location = "westeurope";
const sku = { name: "S1", capacity: 1 };

describe("Provisioning services in the emulator's Resource Manager", function () {
    this.timeout(60_000);
    let wire: ArmWire;

    before(async () => {
        wire = await ArmWire.start();
        wire.azure.emulator.context.settings.activationSeconds = 0.05;
        await wire.makeHub("g", "dps-hub");
    });

    after(() => wire.stop());

    const ask = (method: string, path: string, body?: object, version = "2026-08-31") =>
        wire.arm(method, `${services}/${path}?api-version=${version}`, { body });

    async function make(name: string, more: object = {}, properties: object = {}) {
        const made = await ask("PUT", name, { location, sku, properties, ...more });
        if (made.status === 201) {
            await until(async () => stateOf(await ask("GET", name)) === "Active");
        }
        return made;
    }

    function propertiesOf({ body }: ArmAnswer): Record<string, unknown> {
        return body.properties as Record<string, unknown>;
    }

    function stateOf(answer: ArmAnswer): unknown {
        return propertiesOf(answer).state;
    }

    it("shows host names and ID scope only when it is active, and answers on its host only then", async () => {
        wire.azure.emulator.context.settings.activationSeconds = 0.5;
        const made = await ask("PUT", "slow", { location, sku, properties: {} });
        strictEqual(made.status, 201);
        match(
            made.headers["azure-asyncoperation"] ?? "",
            /locations\/westeurope\/provisioningserviceoperationresults\/.*asyncinfo$/,
        );
        deepStrictEqual(propertiesOf(made), {
            state: "Activating",
            provisioningState: "Accepted",
            allocationPolicy: "Hashed",
            idScope: null,
        });
        const knock = () =>
            send(
                wire.azure,
                "slow.azure-devices-provisioning.net",
                "GET",
                "/enrollments/x?api-version=2021-10-01",
            );
        strictEqual((await knock()).status, 404);
        await until(async () => stateOf(await ask("GET", "slow")) === "Active");
        strictEqual((await knock()).status, 401);
        wire.azure.emulator.context.settings.activationSeconds = 0.05;
    });

    it("accepts a certificate only in the body shape of the API version", async () => {
        await make("shapes");
        const { certificate } = await makeCa({ commonName: "shapes" });
        const content = Buffer.from(certificate).toString("base64");
        const flat = { certificate: content };
        const nested = { properties: { certificate: content } };
        const shapes: readonly (readonly [string, object, number])[] = [
            ["2018-01-22", flat, 200],
            ["2020-03-01", flat, 200],
            ["2020-03-01", nested, 500],
            ["2021-10-15", flat, 200],
            ["2021-10-15", nested, 200],
            ["2022-02-05", flat, 500],
            ["2023-03-01-preview", nested, 200],
            ["2026-08-31", nested, 200],
        ];
        for (const [index, [version, body, status]] of shapes.entries()) {
            const answer = await ask("PUT", `shapes/certificates/c${index}`, body, version);
            strictEqual(answer.status, status, `${version} ${Object.keys(body).join()}`);
            if (status === 200) {
                strictEqual(propertiesOf(answer).certificate, null);
            }
        }
        const unknown = await ask("GET", "shapes", undefined, "2023-06-30");
        strictEqual(unknown.status, 400);
        match(messageOf(unknown), /No registered resource provider found/);
    });

    it("links a hub by its system-assigned identity once that has the role, and by a user-assigned one", async () => {
        const { body } = await wire.arm(
            "GET",
            "/resourceGroups/g/providers/Microsoft.Devices/IotHubs/dps-hub",
        );
        const hubId = body.id as string;
        await make("own", { identity: { type: "SystemAssigned" } });
        const { identity } = (await ask("GET", "own")).body as {
            identity: { principalId: string };
        };
        const link = {
            iotHubs: [
                {
                    hostName: "dps-hub.azure-devices.net",
                    authenticationType: "SystemAssigned",
                    location,
                },
            ],
        };
        const refused = await make("own", {}, link);
        strictEqual(refused.status, 400);
        match(messageOf(refused), /no role on IoT hub .* permits .*devices\/write/);
        const { access, directory } = wire.azure.emulator.context;
        access.assignByName(identity.principalId, "IoT Hub Data Contributor", hubId);
        strictEqual((await make("own", {}, link)).status, 201);
        deepStrictEqual(propertiesOf(await ask("GET", "own")).iotHubs, [
            {
                applyAllocationPolicy: true,
                allocationWeight: 1,
                name: "dps-hub.azure-devices.net",
                hostName: "dps-hub.azure-devices.net",
                authenticationType: "SystemAssigned",
                location,
            },
        ]);
        const id = `${wire.subscription}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`;
        const user = { type: "UserAssigned", userAssignedIdentities: { [id]: {} } };
        await make("user", { identity: user });
        const made = (await ask("GET", "user")).body.identity as {
            userAssignedIdentities: Record<string, { principalId: string }>;
        };
        const { principalId } = made.userAssignedIdentities[id];
        access.assignByName(principalId, "IoT Hub Data Contributor", hubId);
        const byUser = {
            ...link.iotHubs[0],
            authenticationType: "UserAssigned",
            selectedUserAssignedIdentityResourceId: id,
        };
        strictEqual((await make("user", {}, { iotHubs: [byUser] })).status, 201);

        await ask("DELETE", "own");
        await until(async () => (await ask("GET", "own")).status === 404);
        strictEqual(directory.servicePrincipal(identity.principalId), undefined);
    });

    it("allows 10 services per subscription and 25 CAs per service; deleting the group deletes them", async () => {
        const ca = Buffer.from((await makeCa({ commonName: "many" })).certificate);
        const body = { properties: { certificate: ca.toString("base64") } };
        await make("full");
        for (let index = 0; index < 25; index += 1) {
            strictEqual((await ask("PUT", `full/certificates/n${index}`, body)).status, 200);
        }
        const more = await ask("PUT", "full/certificates/n25", body);
        match(messageOf(more), /Max Allowed = 25, Current = 26/);

        const { provisioning } = wire.azure.emulator.context;
        for (let index = 0; provisioning.list().length < 10; index += 1) {
            await make(`many-${index}`);
        }
        const eleventh = await make("eleventh");
        strictEqual(eleventh.status, 400);
        match(messageOf(eleventh), /Max Allowed = 10, Current = 11/);
        await wire.arm("DELETE", "/resourceGroups/g");
        await until(async () => provisioning.list().length === 0);
    });
});
