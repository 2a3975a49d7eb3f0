import { deepStrictEqual, match, notStrictEqual, strictEqual } from "assert";
import { ArmAnswer, ArmWire, messageOf, until } from "../../test/support/armWire";
import { makeCa } from "../../test/support/pki";

const location = "westeurope";
const sku = { name: "S1", capacity: 1 };
const version = "api-version=2023-06-30";
const bus =
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0";

interface Shown {
    readonly routing: {
        readonly routes: { readonly name: string }[];
        readonly endpoints: { readonly serviceBusQueues: object[] };
    };
    readonly eventHubEndpoints: { readonly events: { readonly retentionTimeInDays: number } };
}

describe("A PUT of a hub in the emulator is the whole hub", function () {
    this.timeout(60_000);
    let wire: ArmWire;

    before(async () => {
        wire = await ArmWire.start();
        wire.azure.emulator.context.settings.activationSeconds = 0.05;
        await wire.makeHub("g", "whole");
    });

    after(() => wire.stop());

    const hubPath = "/resourceGroups/g/providers/Microsoft.Devices/IotHubs/whole";

    async function put(properties: object): Promise<ArmAnswer> {
        const body = { location, sku, properties };
        const answer = await wire.arm("PUT", `${hubPath}?${version}`, { body });
        await until(async () => {
            const { body } = await wire.arm("GET", `${hubPath}?${version}`);
            return (
                (body.properties as { provisioningState: string }).provisioningState === "Succeeded"
            );
        });
        return answer;
    }

    async function seen(): Promise<Shown> {
        return (await wire.arm("GET", `${hubPath}?${version}`)).body.properties as Shown;
    }

    async function keys(): Promise<Record<string, string>> {
        const { body } = await wire.arm("POST", `${hubPath}/listkeys?${version}`);
        const { value } = body as unknown as { value: { keyName: string; primaryKey: string }[] };
        return Object.fromEntries(value.map((one) => [one.keyName, one.primaryKey]));
    }

    const stored = () =>
        JSON.stringify(wire.azure.emulator.context.hubs.get("whole")?.properties.routing);

    it("masks keys of endpoints, keeps them when the mask is sent back, and removes omitted endpoints", async () => {
        const routing = { endpoints: { serviceBusQueues: [{ name: "q", connectionString: bus }] } };
        await put({ routing, eventHubEndpoints: { events: { retentionTimeInDays: 5 } } });
        const shown = await seen();
        match(JSON.stringify(shown.routing), /SharedAccessKey=\*\*\*\*/);
        await put({ routing: shown.routing });
        match(stored() ?? "", /SharedAccessKey=c2VjcmV0/);
        strictEqual((await seen()).eventHubEndpoints.events.retentionTimeInDays, 1);
        await put({});
        strictEqual(stored(), undefined);
        deepStrictEqual((await seen()).routing.endpoints.serviceBusQueues, []);
    });

    it("policies without keys get new ones; omitted policies do so only with renewOmittedPolicies", async () => {
        const authorizationPolicies = [{ keyName: "service", rights: "ServiceConnect" }];
        await put({ authorizationPolicies });
        const first = await keys();
        await put({ authorizationPolicies });
        const second = await keys();
        notStrictEqual(second.service, first.service);
        await put({});
        deepStrictEqual(await keys(), second);
        wire.azure.emulator.context.settings.renewOmittedPolicies = true;
        await put({});
        notStrictEqual((await keys()).service, second.service);
        wire.azure.emulator.context.settings.renewOmittedPolicies = false;
    });

    it("a PUT can neither omit nor create Event Grid's route (400126)", async () => {
        const subscription = `${hubPath}/providers/Microsoft.EventGrid/eventSubscriptions/one?api-version=2022-06-15`;
        strictEqual((await wire.arm("PUT", subscription, { body: {} })).status, 201);
        const { routing } = await seen();
        strictEqual(routing.routes[0].name, "RouteToEventGrid");
        const refused = await put({});
        strictEqual(refused.status, 400);
        match(messageOf(refused), /^Cannot add or remove default routes.*IH400126/);
        strictEqual((await put({ routing })).status, 201);
        strictEqual((await wire.arm("DELETE", subscription)).status, 200);
        strictEqual((await put({ routing })).status, 400);
        strictEqual((await put({})).status, 201);
    });

    it("requireBuiltInEndpoint: a PUT without the key events is refused", async () => {
        wire.azure.emulator.context.settings.requireBuiltInEndpoint = true;
        strictEqual((await put({})).status, 400);
        strictEqual((await put({ eventHubEndpoints: { events: {} } })).status, 201);
        wire.azure.emulator.context.settings.requireBuiltInEndpoint = false;
    });

    it("newHubUnseenSeconds: a provisioning service does not find the hub (404002)", async () => {
        const { settings } = wire.azure.emulator.context;
        settings.newHubUnseenSeconds = 3600;
        const { iothubowner, service } = await keys();
        const connectionString = `HostName=whole.azure-devices.net;SharedAccessKeyName=service;SharedAccessKey=${iothubowner ?? service}`;
        const answer = await wire.arm(
            "PUT",
            "/resourceGroups/g/providers/Microsoft.Devices/provisioningServices/dps-whole?api-version=2022-12-12",
            { body: { location, sku, properties: { iotHubs: [{ connectionString, location }] } } },
        );
        settings.newHubUnseenSeconds = 0;
        strictEqual(answer.status, 404);
        match(
            messageOf(answer),
            /^Unable to find the IoThub `whole\.azure-devices\.net`.*IH404002/,
        );
    });

    it("parallelWriteSeconds: refuses a CA upload during a write of the hub (409)", async () => {
        const { settings } = wire.azure.emulator.context;
        const { certificate } = await makeCa({ commonName: "busy" });
        const content = Buffer.from(certificate).toString("base64");
        const upload = () =>
            wire.arm("PUT", `${hubPath}/certificates/busy?${version}`, {
                body: { properties: { certificate: content } },
            });
        await put({});
        settings.parallelWriteSeconds = 3600;
        strictEqual((await upload()).status, 409);
        settings.parallelWriteSeconds = 0;
        strictEqual((await upload()).status, 200);
    });
});
