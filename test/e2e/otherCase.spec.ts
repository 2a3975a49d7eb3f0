import { strict as assert } from "assert";
import { randomUUID } from "crypto";
import { Deployment, StackOutputs } from "../support/deployment";
import { connectDevice } from "../support/liveDevice";

interface RoutesOutput {
    readonly routes: Readonly<Record<string, { readonly namespaceHostName: string }>>;
}

/** Azure compares names of resources case-insensitively; the engine does not. */
describe("names of a running stack that change only in upper and lower case", function () {
    this.timeout(600_000);
    const deployments: Deployment[] = [];

    after(() => Promise.all(deployments.map((one) => one.remove())));

    async function deployed(
        context: Mocha.Context,
        name: string,
        settings: Parameters<typeof Deployment.make>[2],
    ): Promise<Deployment> {
        const one = await Deployment.make(context, name, {
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [{ id: "pump-1", group: "pumps" }],
            ...settings,
        });
        deployments.push(one);
        await one.up();
        return one;
    }

    /** Nothing is to be done, now and after a run and a refresh; devices are still on the hub. */
    async function assertUnchanged(deployment: Deployment): Promise<void> {
        assert.deepEqual(await deployment.plan(), []);
        await deployment.up("--expect-no-changes");
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
        const device = await connectDevice((await deployment.outputs()).devices["pump-1"]);
        await device.close();
    }

    it("are no change of a hub and a service, which are still written when they change otherwise", async function () {
        const name = `case-${randomUUID().slice(0, 8)}`;
        const deployment = await deployed(this, "othercase", {
            hub: { name: `${name}-hub` },
            dps: { name: `${name}-dps` },
            resourceGroupName: `${name}-group`,
        });
        const before = await deployment.outputs();
        deployment.change((settings) => {
            settings.hub = { name: `${name}-Hub`.toUpperCase() };
            settings.dps = { name: `${name}-Dps`.toUpperCase() };
            settings.resourceGroupName = `${name}-Group`.toUpperCase();
        });
        await assertUnchanged(deployment);
        deployment.change((settings) => {
            settings.hub.units = 2;
            settings.dps = { name: `${name}-Dps`, units: 2 };
        });
        const plan = ["update IotDpsResource dps-service", "update IotHubResource iot-hub"];
        assert.deepEqual(await deployment.plan(), plan);
        await deployment.up();
        await assertUnchanged(deployment);
        assert.deepEqual((await deployment.outputs()).hub, before.hub);
    });

    it("and names that were generated, once they are set, are no change", async function () {
        const routes = { telemetry: { eventHub: {} } };
        const deployment = await deployed(this, "generated", {
            hub: { prefix: "generated", routes, routeWaitSeconds: 0 },
            dps: { prefix: "generated" },
        });
        const { hub, provisioning, resourceGroupName } =
            (await deployment.outputs()) as StackOutputs & {
                readonly provisioning: { readonly name: string };
            };
        deployment.change((settings) => {
            settings.hub = { name: hub.name, routes, routeWaitSeconds: 0 };
            settings.dps = { name: provisioning.name };
            settings.resourceGroupName = resourceGroupName;
        });
        const suffixes = ["iot-suffix", "dps-suffix"];
        assert.deepEqual(
            await deployment.plan(),
            suffixes.map((name) => `delete RandomString ${name}`).sort(),
        );
        await deployment.up();
        await assertUnchanged(deployment);
        const before = (await deployment.outputs()) as StackOutputs & RoutesOutput;
        deployment.change((settings) => {
            settings.hub = { prefix: "generated-again", routes, routeWaitSeconds: 0 };
        });
        await deployment.up();
        const { hub: next, routes: after } = (await deployment.outputs()) as StackOutputs &
            RoutesOutput;
        assert.match(next.name, /^generated-again-/);
        assert.deepEqual(after, before.routes);
        await assertUnchanged(deployment);
    });

    it("are no change of what has a prefix, nor of a link to another stack's hub; those of a route are refused", async function () {
        const linked = await deployed(this, "othercaselinked", { hub: { localAuth: true } });
        const { id } = (await linked.outputs()).hub;
        const link = { location: "westeurope", policy: "iothubowner" };
        const routes = { telemetry: { eventHub: { consumerGroups: ["dashboard"] } } };
        const hub = { routes, routeWaitSeconds: 0 };
        const deployment = await deployed(this, "othercaseprefix", {
            hub: { ...hub, prefix: "othercase" },
            dps: { prefix: "othercase", linkedHubs: [{ id, ...link }] },
        });
        deployment.change((settings) => {
            settings.hub = { ...hub, prefix: "OtherCase" };
            settings.dps = {
                prefix: "OtherCase",
                linkedHubs: [{ id: id.replace(/[^/]+$/, (name) => name.toUpperCase()), ...link }],
            };
        });
        await assertUnchanged(deployment);
        deployment.change((settings) => {
            const eventHub = { consumerGroups: ["dashboard", "Telemetry"] };
            settings.hub.routes = { telemetry: { eventHub } };
        });
        const group = "ConsumerGroup iot-routes-telemetry-Telemetry";
        assert.deepEqual(await deployment.plan(), [`create ${group}`]);
        for (const [wanted, present, changed] of [
            ["Telemetry", "telemetry", { Telemetry: routes.telemetry }],
            [
                "DashBoard",
                "dashboard",
                { telemetry: { eventHub: { consumerGroups: ["DashBoard"] } } },
            ],
        ] as const) {
            deployment.change((settings) => {
                settings.hub.routes = changed;
            });
            await assert.rejects(
                deployment.pulumi("preview"),
                new RegExp(
                    `the stack has "${present}", and Azure does not tell "${wanted}" from it`,
                ),
            );
        }
    });
});
