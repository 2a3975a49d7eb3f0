import { strict as assert } from "assert";
import {
    createDefaultHttpClient,
    createPipelineFromOptions,
    createPipelineRequest,
    HttpMethods,
} from "@azure/core-rest-pipeline";
import { ClientAssertionCredential } from "@azure/identity";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";

type Outputs = StackOutputs & {
    readonly ciPreviewClientId: string;
    readonly provisioning: { readonly name: string; readonly serviceHostName: string };
};

interface Request {
    readonly method: HttpMethods;
    readonly host: string;
    readonly path: string;
}

const scopes: readonly (readonly [RegExp, string])[] = [
    [/^management\.azure\.com$/, "https://management.azure.com/.default"],
    [/^graph\.microsoft\.com$/, "https://graph.microsoft.com/.default"],
    [/\.azure-devices\.net$/, "https://iothubs.azure.net/.default"],
    [/\.azure-devices-provisioning\.net$/, "https://azure-devices-provisioning.net/.default"],
];

/** Queries are sent with POST, and read. */
const isRead = ({ method, path }: Request): boolean =>
    method === "GET" ||
    method === "HEAD" ||
    /\/query(\?|$)|\/checkNameAvailability|\$batch/i.test(path);

/** A pull request's job may log in to this one alone. */
describe("the identity that previews a repository's pull requests", function () {
    this.timeout(900_000);
    const { manage, tenantId, subscriptionId } = shared();
    let deployment: Deployment;
    let outputs: Outputs;
    let written: Request[];

    before(async function () {
        deployment = await Deployment.make(this, "previewer", {
            hub: { prefix: "previewer", roleWaitSeconds: 5 },
            dps: {},
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "both" },
            },
            devices: [
                { id: "pump-01", group: "pumps" },
                { id: "pump-02", group: "pumps" },
                { id: "meter-01", group: "meters" },
            ],
            ci: {
                repository: "acme/meters",
                subjects: ["environment:prod"],
                previewSubjects: ["pull_request"],
            },
        });
        await manage("DELETE", "/requests");
        await deployment.up();
        deployment.change(({ devices }) => {
            devices.splice(1, 1);
            Object.assign(devices[1], { status: "disabled", tags: { site: "Oslo" } });
        });
        await deployment.up();
        outputs = (await deployment.outputs()) as Outputs;
        const { requests } = await manage<{ requests: Request[] }>("GET", "/requests");
        written = requests.filter(
            (one) => !isRead(one) && scopes.some(([host]) => host.test(one.host)),
        );
    });

    after(() => deployment?.remove());

    async function token(subject: string): Promise<string> {
        const wanted = {
            issuer: "https://token.actions.githubusercontent.com",
            subject: `repo:acme/meters:${subject}`,
            audience: "api://AzureADTokenExchange",
        };
        return (await manage<{ token: string }>("POST", "/oidc-token", wanted)).token;
    }

    async function runAs(clientId: string, subject: string): Promise<void> {
        Object.assign(deployment.variables, {
            ARM_CLIENT_ID: clientId,
            ARM_CLIENT_SECRET: "",
            ARM_TENANT_ID: tenantId,
            ARM_USE_OIDC: "true",
            ARM_OIDC_TOKEN: await token(subject),
        });
    }

    /** @returns what Azure answers to the previewer, after the request */
    async function answer({ method, host, path }: Request): Promise<string> {
        const scope = scopes.find(([pattern]) => pattern.test(host))?.[1] ?? "";
        const credential = new ClientAssertionCredential(tenantId, outputs.ciPreviewClientId, () =>
            token("pull_request"),
        );
        const request = createPipelineRequest({ method, url: `https://${host}${path}` });
        request.headers.set("authorization", `Bearer ${(await credential.getToken(scope)).token}`);
        request.headers.set("content-type", "application/json");
        request.headers.set("if-match", "*");
        if (method !== "DELETE") {
            request.body = "{}";
        }
        const { status } = await createPipelineFromOptions({
            retryOptions: { maxRetries: 0 },
        }).sendRequest(createDefaultHttpClient(), request);
        return `${status} ${method} ${host}${path}`;
    }

    it("previews: nothing, then what changed, without any word on keys that it lacks to compare", async () => {
        await runAs(outputs.ciPreviewClientId, "pull_request");
        assert.deepEqual(await deployment.plan(), []);
        deployment.changeDevice("pump-01", { tags: { site: "Oslo" } });
        assert.deepEqual(await deployment.plan(), ["update DeviceIdentity pump-01"]);
    });

    it("previews with --refresh all but the applications, which the directory keeps from it", async () => {
        await runAs(outputs.ciPreviewClientId, "pull_request");
        const printed = await deployment.pulumi(
            "preview",
            "--refresh",
            "--exclude",
            "**::ci-*",
            "--color",
            "never",
        );
        assert.match(printed, /~\s+1 (to )?update/);
        assert.doesNotMatch(printed, /error:/);
    });

    it("cannot be the deployer: a pull request's token is refused there", async () => {
        await runAs(outputs.ciClientId, "pull_request");
        await assert.rejects(deployment.plan(), /AADSTS70021/);
        await runAs(outputs.ciPreviewClientId, "environment:prod");
        await assert.rejects(deployment.plan(), /AADSTS70021/);
    });

    it("is refused at every write that deploying the stack took, on each of Azure's services", async () => {
        const distinct = [
            ...new Map(
                written.map((one) => [`${one.method} ${one.host}${one.path}`, one]),
            ).values(),
        ];
        for (const [host] of scopes) {
            assert.ok(
                distinct.some((one) => host.test(one.host)),
                `no write to ${host.source} was recorded`,
            );
        }
        const passed: string[] = [];
        for (const one of distinct) {
            const said = await answer(one);
            if (!/^40[13] /.test(said)) {
                passed.push(said);
            }
        }
        assert.deepEqual(passed, [], `of ${distinct.length}`);
    });

    it("is refused the keys, roles, devices and enrollments that would give it more", async () => {
        const { hub, resourceGroupName, provisioning } = outputs;
        const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}`;
        const service = `${group}/providers/Microsoft.Devices/provisioningServices/${provisioning.name}`;
        const arm = "?api-version=2023-06-30";
        const dps = "?api-version=2022-02-05";
        const role =
            "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001?api-version=2022-04-01";
        const api = "?api-version=2021-04-12";
        const on = (host: string, ...requests: [HttpMethods, string][]): Request[] =>
            requests.map(([method, path]) => ({ method, host, path }));
        const asked = [
            ...on(
                "management.azure.com",
                ["POST", `${hub.id}/listkeys${arm}`],
                ["POST", `${hub.id}/IotHubKeys/iothubowner/listkeys${arm}`],
                ["POST", `${service}/listkeys${dps}`],
                ["PUT", `${hub.id}${arm}`],
                ["PATCH", `${hub.id}${arm}`],
                ["DELETE", `${hub.id}${arm}`],
                ["PUT", `${hub.id}/certificates/mine${arm}`],
                ["DELETE", `${hub.id}/certificates/mine${arm}`],
                ["DELETE", `${service}${dps}`],
                ["PUT", `${service}/certificates/mine${dps}`],
                ["PUT", `${group}${role}`],
                ["PUT", `${hub.id}${role}`],
                ["DELETE", `${group}?api-version=2021-04-01`],
            ),
            ...on(
                hub.hostName,
                ["PUT", `/devices/intruder${api}`],
                ["DELETE", `/devices/pump-01${api}`],
                ["POST", `/devices${api}`],
                ["PATCH", `/twins/pump-01${api}`],
                ["PUT", `/twins/pump-01${api}`],
                ["POST", `/twins/pump-01/methods${api}`],
            ),
            ...on(
                provisioning.serviceHostName,
                ["PUT", `/enrollments/intruder?api-version=2021-10-01`],
                ["DELETE", `/enrollments/meter-01?api-version=2021-10-01`],
                ["POST", `/enrollments?api-version=2021-10-01`],
                ["PUT", `/enrollmentGroups/intruder?api-version=2021-10-01`],
                ["DELETE", `/enrollmentGroups/meters?api-version=2021-10-01`],
                ["DELETE", `/registrations/meter-01?api-version=2021-10-01`],
            ),
            ...on(
                "graph.microsoft.com",
                ["POST", "/v1.0/applications"],
                ["GET", "/v1.0/applications"],
            ),
        ];
        const passed: string[] = [];
        for (const one of asked) {
            const said = await answer(one);
            if (!/^40[13] /.test(said)) {
                passed.push(said);
            }
        }
        assert.deepEqual(passed, []);
    });

    it("cannot deploy: up as it changes nothing", async () => {
        await runAs(outputs.ciPreviewClientId, "pull_request");
        await assert.rejects(deployment.up());
        assert.equal((await deployment.twin("pump-01")).tags.site, undefined);
    });
});
