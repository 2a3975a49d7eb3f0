import * as assert from "assert";
import { createHash, randomUUID, X509Certificate } from "crypto";
import { IotHubClient, IotHubDescription } from "@azure/arm-iothub";
import { EventHubConsumerClient } from "@azure/event-hubs";
import { EnvironmentCredential } from "@azure/identity";
import { Message } from "azure-iot-device";
import { Registry } from "azure-iothub";
import { shared } from "../support/emulator";
import { makeReader, readEvents } from "../support/eventReading";
import { armRequest, dropGroup, iotHubClient, makeGroup, refused } from "../support/iotHubClient";
import { connectDevice } from "../support/liveDevice";
import { Issued, selfSigned } from "../support/pki";

const group = "rg-event-hubs";
const hub = `routing-${process.pid}`;
const namespace = `routing-ns-${process.pid}`;
const namespaceHost = `${namespace}.servicebus.windows.net`;
const sender = "2b629674-e913-4c01-ae53-ef4638d8f975";
const location = "westeurope";

/** The emulator's Event Hubs and message routing, judged by Azure's own clients. */
describe("an Event Hub that an IoT hub sends to, and @azure/event-hubs", function () {
    this.timeout(60_000);
    let arm: IotHubClient;
    let certificate: Issued;
    let identity: { readonly id: string; readonly principalId: string };
    const below = `/resourceGroups/${group}/providers`;
    const eventHub = `${below}/Microsoft.EventHub/namespaces/${namespace}/eventhubs/telemetry`;
    const idOf = (path: string): string => `/subscriptions/${arm.subscriptionId}${path}`;
    const newest = (path: string, version: string): string => `${path}?api-version=${version}`;

    async function put(path: string, version: string, body: unknown) {
        return (await armRequest(arm, "PUT", newest(path, version), body)).body as {
            readonly id: string;
            readonly properties: Readonly<Record<string, string>>;
        };
    }

    function description(changes: Partial<IotHubDescription> = {}): IotHubDescription {
        return {
            location,
            sku: { name: "S1", capacity: 1 },
            identity: { type: "UserAssigned", userAssignedIdentities: { [identity.id]: {} } },
            properties: {
                routing: {
                    endpoints: {
                        eventHubs: [
                            {
                                name: "telemetry",
                                authenticationType: "identityBased",
                                endpointUri: `sb://${namespaceHost}`,
                                entityPath: "telemetry",
                                identity: { userAssignedIdentity: identity.id },
                            },
                        ],
                    },
                    routes: [
                        {
                            name: "telemetry",
                            source: "DeviceMessages",
                            condition: "level = 'high' AND $connectionDeviceId <> 'd2'",
                            endpointNames: ["telemetry"],
                            isEnabled: true,
                        },
                    ],
                },
            },
            ...changes,
        };
    }

    /** Asks for the properties, with which each reader begins. */
    async function refusalOf(client: EventHubConsumerClient): Promise<void> {
        try {
            await client.getEventHubProperties();
        } finally {
            await client.close();
        }
    }

    const putHub = (changes?: Partial<IotHubDescription>) =>
        arm.iotHubResource.beginCreateOrUpdateAndWait(group, hub, description(changes));

    /** @param roleName GUID */
    const assignment = (roleName: string): string =>
        `${eventHub}/providers/Microsoft.Authorization/roleAssignments/${roleName}`;

    const grantSender = (roleName: string) =>
        put(assignment(roleName), "2022-04-01", {
            properties: {
                principalId: identity.principalId,
                principalType: "ServicePrincipal",
                roleDefinitionId: idOf(
                    `/providers/Microsoft.Authorization/roleDefinitions/${sender}`,
                ),
            },
        });

    async function sendFrom(deviceId: string, bodies: Record<string, object>): Promise<void> {
        const device = await connectDevice({
            connectionString: `HostName=${hub}.azure-devices.net;DeviceId=${deviceId};x509=true`,
            chain: certificate.certificate,
            privateKey: certificate.key,
        });
        for (const [body, properties] of Object.entries(bodies)) {
            const message = new Message(body);
            Object.entries(properties).forEach(([key, value]) =>
                message.properties.add(key, String(value)),
            );
            message.contentType = "application/json";
            message.contentEncoding = "utf-8";
            await device.sendEvent(message);
        }
        await device.close();
    }

    before(async () => {
        arm = iotHubClient();
        await makeGroup(arm, group);
        const path = `${below}/Microsoft.ManagedIdentity/userAssignedIdentities/hub-identity`;
        const made = await put(path, "2023-01-31", { location });
        identity = { id: made.id, principalId: made.properties.principalId };
        const namespacePath = `${below}/Microsoft.EventHub/namespaces/${namespace}`;
        await put(namespacePath, "2024-01-01", {
            location,
            sku: { name: "Standard" },
            properties: { disableLocalAuth: true },
        });
        await assert.rejects(put(eventHub, "2024-01-01", {}).then(({ id }) => assert.ok(id)));
        while (
            (
                (await armRequest(arm, "GET", newest(namespacePath, "2024-01-01"))).body as {
                    properties: { provisioningState: string };
                }
            ).properties.provisioningState !== "Succeeded"
        ) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await put(eventHub, "2024-01-01", { properties: { partitionCount: 3 } });
        certificate = await selfSigned({ commonName: "d" });
    });

    after(() => dropGroup(arm, group));

    it("is refused as an endpoint if its identity may not send there or is not assigned to the hub", async () => {
        await refused(putHub(), 400, /endpoint 'telemetry' cannot be used: .* may not send to/);
        await grantSender(randomUUID());
        await refused(
            putHub({ identity: { type: "None" } }),
            400,
            /uses the managed identity .*, which is not assigned to the IotHub/,
        );
        const stranger = `${identity.id}-2`;
        await refused(
            putHub({
                identity: { type: "UserAssigned", userAssignedIdentities: { [stranger]: {} } },
            }),
            400,
            /FailedIdentityOperation|was not found/,
        );
    });

    it("gets the messages that match the route's condition, with system properties; the rest go to the built-in endpoint", async () => {
        await putHub();
        const registry = Registry.fromTokenCredential(
            `${hub}.azure-devices.net`,
            new EnvironmentCredential(),
        );
        const der = new X509Certificate(certificate.certificate).raw;
        const primaryThumbprint = createHash("sha256").update(der).digest("hex");
        const x509Thumbprint = { primaryThumbprint };
        for (const deviceId of ["d1", "d2"]) {
            const authentication = { type: "selfSigned", x509Thumbprint };
            await registry.create({ deviceId, authentication } as { deviceId: string });
        }
        await sendFrom("d1", { '{"t":1}': { level: "high" }, '{"t":2}': { level: "low" } });
        await sendFrom("d2", { '{"t":3}': { level: "high" } });
        await sendFrom("d1", { '{"t":4}': { level: "high" } });

        const { credential } = await makeReader(idOf(eventHub));
        const client = new EventHubConsumerClient(
            "$Default",
            namespaceHost,
            "telemetry",
            credential,
        );
        assert.deepEqual((await client.getEventHubProperties()).partitionIds, ["0", "1", "2"]);
        const events = await readEvents(client, ({ length }) => length >= 2);
        assert.deepEqual(
            events.map(({ body }) => body as unknown),
            [{ t: 1 }, { t: 4 }],
        );
        const [first] = events;
        assert.deepEqual(first.properties, { level: "high" });
        assert.equal(first.contentType, "application/json");
        const { systemProperties = {} } = first;
        assert.equal(systemProperties["iothub-connection-device-id"], "d1");
        assert.match(String(systemProperties["iothub-connection-auth-method"]), /"type":"x509"/);
        assert.equal(systemProperties["iothub-message-source"], "Telemetry");
        assert.ok(Date.now() - first.enqueuedTimeUtc.getTime() < 60_000);

        const { value: health } = (
            await armRequest(
                arm,
                "GET",
                newest(
                    `${below}/Microsoft.Devices/IotHubs/${hub}/routingEndpointsHealth`,
                    "2023-06-30",
                ),
            )
        ).body as { value: { healthStatus: string }[] };
        assert.deepEqual(
            health.map(({ healthStatus }) => healthStatus),
            ["healthy"],
        );
    });

    it("cannot be read without the role, or in a consumer group that does not exist", async () => {
        const { credential } = await makeReader();
        const retryOptions = { maxRetries: 0 };
        const stranger = new EventHubConsumerClient(
            "$Default",
            namespaceHost,
            "telemetry",
            credential,
            {
                retryOptions,
            },
        );
        await assert.rejects(refusalOf(stranger), {
            code: "UnauthorizedError",
            message: /'Listen' claim\(s\) are required/,
        });
        const reader = await makeReader(idOf(eventHub));
        const nowhere = new EventHubConsumerClient(
            "analytics",
            namespaceHost,
            "telemetry",
            reader.credential,
            { retryOptions },
        );
        await assert.rejects(
            readEvents(nowhere, () => false),
            { code: "MessagingEntityNotFoundError" },
        );
    });

    it("gets nothing after the identity has lost its role; a hub without the role is refused by default", async () => {
        const { body } = await armRequest(
            arm,
            "GET",
            newest(`${eventHub}/providers/Microsoft.Authorization/roleAssignments`, "2022-04-01"),
        );
        const own = (body as { value: { id: string; properties: { principalId: string } }[] })
            .value;
        const { id } = own.find(
            ({ properties }) => properties.principalId === identity.principalId,
        ) as { id: string };
        await armRequest(
            arm,
            "DELETE",
            newest(id.replace(/^\/subscriptions\/[^/]+/, ""), "2022-04-01"),
        );
        await refused(putHub(), 400, /may not send to/);
        const { manage } = shared();
        await manage("PATCH", "/settings", { checkEndpointRole: false });
        await putHub();
        await manage("PATCH", "/settings", { checkEndpointRole: true });
        await sendFrom("d1", { '{"t":5}': { level: "high" } });
        const { value } = (
            await armRequest(
                arm,
                "GET",
                newest(
                    `${below}/Microsoft.Devices/IotHubs/${hub}/routingEndpointsHealth`,
                    "2023-06-30",
                ),
            )
        ).body as { value: { healthStatus: string; lastKnownError: string }[] };
        assert.equal(value[0].healthStatus, "unhealthy");
        assert.match(value[0].lastKnownError, /may not send to/);
        await grantSender(randomUUID());
        await sendFrom("d1", { '{"t":6}': { level: "high" } });
        const { credential } = await makeReader(idOf(eventHub));
        const client = new EventHubConsumerClient(
            "$Default",
            namespaceHost,
            "telemetry",
            credential,
        );
        const events = await readEvents(client, ({ length }) => length >= 3);
        assert.deepEqual(
            events.map(({ body: one }) => one as unknown),
            [{ t: 1 }, { t: 4 }, { t: 6 }],
        );
    });

    it("coexists with the built-in endpoint, which accepts only shared access keys, and nobody without local authentication", async () => {
        const { properties } = await arm.iotHubResource.get(group, hub);
        const host = new URL(String(properties?.eventHubEndpoints?.events?.endpoint)).hostname;
        const { primaryKey } = await arm.iotHubResource.getKeysForKeyName(group, hub, "service");
        const keyed = () =>
            new EventHubConsumerClient(
                "$Default",
                `Endpoint=sb://${host}/;SharedAccessKeyName=service;SharedAccessKey=${primaryKey};EntityPath=${hub}`,
                { retryOptions: { maxRetries: 0 } },
            );
        const events = await readEvents(keyed(), ({ length }) => length >= 2);
        assert.deepEqual(
            new Set(events.map(({ body }) => (body as { t: number }).t)),
            new Set([2, 3]),
        );
        const byEntra = new EventHubConsumerClient(
            "$Default",
            host,
            hub,
            new EnvironmentCredential(),
            {
                retryOptions: { maxRetries: 0 },
            },
        );
        await assert.rejects(refusalOf(byEntra), {
            code: "UnauthorizedError",
            message: /does not support Microsoft Entra ID/,
        });
        const { routing } = description().properties ?? {};
        await putHub({ properties: { routing, disableLocalAuth: true } });
        await assert.rejects(refusalOf(keyed()), {
            code: "UnauthorizedError",
            message: /Local authentication is disabled/,
        });
    });

    it("has routes with the conditions that the emulator evaluates; all others are refused", async () => {
        const { routing } = description().properties ?? {};
        for (const condition of [
            "$body.level > 3",
            "level = 'a' OR level = 'b'",
            "$unknown = 'a'",
        ]) {
            const routes = [{ ...routing?.routes?.[0], condition }] as NonNullable<
                NonNullable<typeof routing>["routes"]
            >;
            await refused(
                putHub({ properties: { routing: { ...routing, routes } } }),
                501,
                /does not implement the condition/,
            );
        }
    });
});
