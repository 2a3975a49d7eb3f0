import * as assert from "assert";
import {
    createDefaultHttpClient,
    createPipelineFromOptions,
    createPipelineRequest,
    HttpMethods,
} from "@azure/core-rest-pipeline";
import { EnvironmentCredential } from "@azure/identity";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { armRequest } from "../support/iotHubClient";
import { connects } from "../support/liveDevice";

const issuer = "https://token.actions.githubusercontent.com";
const audience = "api://AzureADTokenExchange";
/** As GitHub sends it for a repository with immutable subjects. */
const withIds = "repo:acme@11/fleet@22:environment:prod";

type Outputs = StackOutputs & {
    readonly provisioning: { readonly name: string; readonly idScope: string };
};

interface GraphObject {
    readonly id: string;
    readonly displayName: string;
}

interface FederatedCredential {
    readonly issuer: string;
    readonly subject: string;
    readonly audiences: readonly string[];
}

interface RoleAssignmentView {
    readonly properties: {
        readonly scope: string;
        readonly principalId: string;
        readonly roleDefinitionId: string;
    };
}

/** The workflows of a repository deploy with GitHub's tokens and no secret. */
describe("an Entra application for a repository's CI", function () {
    this.timeout(600_000);
    const { manage, tenantId } = shared();
    let deployment: Deployment;
    let outputs: Outputs;
    let application: GraphObject | undefined;

    before(async function () {
        deployment = await Deployment.make(this, "ci", {
            dps: {},
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            },
            devices: [
                { id: "pump-01", group: "pumps" },
                { id: "meter-01", group: "meters" },
            ],
            ci: { repository: "acme/fleet", subjects: ["ref:refs/heads/main"] },
        });
        await deployment.up();
        outputs = (await deployment.outputs()) as Outputs;
    });

    // Not by `destroy`: the azuread plugin polls for a minute until it believes that the application is gone.
    after(async () => {
        if (application !== undefined) {
            await graph("DELETE", `/applications/${application.id}`);
        }
        await deployment?.remove();
    });

    async function graph<T>(method: HttpMethods, path: string): Promise<T> {
        const scope = "https://graph.microsoft.com/.default";
        const { token } = await new EnvironmentCredential().getToken(scope);
        const request = createPipelineRequest({
            method,
            url: `https://graph.microsoft.com/v1.0${path}`,
        });
        request.headers.set("authorization", `Bearer ${token}`);
        const { status, bodyAsText } = await createPipelineFromOptions({}).sendRequest(
            createDefaultHttpClient(),
            request,
        );
        assert.ok(status < 300, `${method} ${path}: ${status} ${bodyAsText}`);
        return JSON.parse(bodyAsText || "{}") as T;
    }

    /** Of the application: issuer, subject and audiences of each, by subject. */
    async function credentials(): Promise<[string, string, readonly string[]][]> {
        const { value } = await graph<{ value: FederatedCredential[] }>(
            "GET",
            `/applications/${application?.id}/federatedIdentityCredentials`,
        );
        return value
            .map((one): [string, string, readonly string[]] => [
                one.issuer,
                one.subject,
                one.audiences,
            ])
            .sort(([, one], [, other]) => one.localeCompare(other));
    }

    /** Makes the stack's next runs those of a workflow whose token has this subject. */
    async function runAsWorkflow(subject: string): Promise<void> {
        const wanted = { issuer, subject, audience };
        const { token } = await manage<{ token: string }>("POST", "/oidc-token", wanted);
        Object.assign(deployment.variables, {
            ARM_CLIENT_ID: outputs.ciClientId,
            ARM_CLIENT_SECRET: "",
            ARM_TENANT_ID: tenantId,
            ARM_USE_OIDC: "true",
            ARM_OIDC_TOKEN: token,
        });
    }

    it("has one federated credential per subject, and no secret", async () => {
        const address = `(appId='${outputs.ciClientId}')`;
        application = await graph<GraphObject>("GET", `/applications${address}`);
        assert.equal(application.displayName, "iot-x509 CI of acme/fleet");
        const { passwordCredentials, keyCredentials } = application as unknown as {
            passwordCredentials: unknown[];
            keyCredentials: unknown[];
        };
        assert.deepEqual([passwordCredentials, keyCredentials], [[], []]);
        assert.deepEqual(await credentials(), [
            [issuer, "repo:acme/fleet:ref:refs/heads/main", [audience]],
        ]);
    });

    it("follows its subjects, whichever is removed, in any order", async () => {
        const setSubjects = (subjects: string[]): void =>
            deployment.change((settings) => {
                settings.ci = { repository: "acme/fleet", subjects };
            });
        setSubjects(["ref:refs/heads/next", "environment:prod", "ref:refs/heads/main", withIds]);
        await deployment.up();
        setSubjects([withIds, "ref:refs/heads/main", "environment:prod"]);
        const [step, ...more] = await deployment.plan();
        assert.match(step, /^delete ApplicationFederatedIdentityCredential /);
        assert.deepEqual(more, []);
        await deployment.up();
        assert.deepEqual(
            (await credentials()).map(([, subject]) => subject),
            [
                withIds,
                "repo:acme/fleet:environment:prod",
                "repo:acme/fleet:ref:refs/heads/main",
            ].sort((one, other) => one.localeCompare(other)),
        );
    });

    it("has three roles: Contributor on the group, and the data roles on hub and service", async () => {
        const address = `(appId='${outputs.ciClientId}')`;
        const principal = await graph<GraphObject>("GET", `/servicePrincipals${address}`);
        const { body } = await armRequest(
            deployment.arm,
            "GET",
            `/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId eq '${principal.id}'`,
        );
        const { value } = body as { value: RoleAssignmentView[] };
        const found = value.map(({ properties: { scope, roleDefinitionId } }) => [
            scope.replace(/^\/subscriptions\/[^/]+/, ""),
            roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1),
        ]);
        const group = `/resourceGroups/${outputs.resourceGroupName}`;
        const hub = `${group}/providers/Microsoft.Devices/IotHubs/${outputs.hub.name}`;
        const service = `${group}/providers/Microsoft.Devices/provisioningServices/${outputs.provisioning.name}`;
        assert.deepEqual(found.sort(), [
            [group, "b24988ac-6180-42a0-ab88-20f7382dd24c"],
            [hub, "4fc6c259-987e-4a07-842e-c321cc9d413f"],
            [service, "dfce44e4-17b7-4bd1-a6d1-04996ec95633"],
        ]);
    });

    it("refuses a workflow of another branch", async () => {
        await runAsWorkflow("repo:acme/fleet:ref:refs/heads/feature");
        await assert.rejects(deployment.plan(), /AADSTS70021|AADSTS700213/);
    });

    it("lets a workflow of the branch preview and deploy a change of the fleet", async () => {
        await runAsWorkflow("repo:acme/fleet:ref:refs/heads/main");
        deployment.change(({ groups, devices }) => {
            groups.valves = { keyAlgorithm: "ECDSA-P256" };
            devices.push({ id: "valve-01", group: "valves" });
        });
        const plan = await deployment.plan();
        assert.deepEqual(
            plan.filter((step) => !step.startsWith("create ")),
            [],
        );
        assert.ok(plan.includes("create VerifiedCertificate valves-g1"), plan.join("\n"));
        await deployment.up();
        const { devices } = await deployment.outputs();
        await connects(devices["valve-01"]);
        await connects(devices["pump-01"]);
    });

    it("lets a workflow whose subject has GitHub's IDs preview", async () => {
        await runAsWorkflow(withIds);
        assert.deepEqual(await deployment.plan(), []);
    });

    it("lets it refresh all but the application itself, which needs a directory permission", async () => {
        await assert.rejects(deployment.up("--refresh"), /Insufficient privileges|403/);
        const printed = await deployment.up("--refresh", "--exclude", "**::ci-*");
        assert.match(printed, /unchanged/);
        assert.doesNotMatch(printed, /created|updated|deleted/);
    });

    it("lets it block a compromised group, whose devices had registered", async () => {
        await runAsWorkflow(withIds);
        const { chain, privateKey } = (await deployment.outputs()).devices["meter-01"];
        const { idScope } = outputs.provisioning;
        const request = {
            idScope,
            registrationId: "meter-01",
            chainPem: chain,
            keyPem: privateKey,
        };
        const meter = { chain, privateKey, connectionString: await register(request) };
        await connects(meter);
        deployment.change(({ groups }) => void (groups.meters.blocked = true));
        await deployment.plan();
        await deployment.up();
        await assert.rejects(connects(meter));
        await assert.rejects(register(request));
    });

    it("may block without the right to list registrations: the preview says that they are unknown", async () => {
        await runAsWorkflow(withIds);
        deployment.change(({ groups }) => void (groups.meters.blocked = false));
        await deployment.up();
        deployment.change(({ groups }) => void (groups.meters.blocked = true));
        await manage("POST", "/faults", {
            host: "azure-devices-provisioning\\.net$",
            status: 401,
            body: { errorCode: 401002, message: "Unauthorized" },
        });
        const { stdout } = await deployment.stack.preview();
        await manage("DELETE", "/faults");
        assert.match(stdout, /meters will be blocked.*did not list them/);
    });
});
