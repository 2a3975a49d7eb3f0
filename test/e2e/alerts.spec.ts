import * as assert from "assert";
import * as path from "path";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";
import { FleetCommand } from "../support/fleetCommand";
import { armRequest, iotHubClient } from "../support/iotHubClient";
import { alerting, Row } from "../support/kql";

const day = 24 * 3600;
const hour = 3600 * 1000;
const webhook = "https://alerts.contoso.com/hooks/S3CRET-TOKEN";

interface Rule {
    readonly name: string;
    readonly location: string;
    readonly properties: {
        readonly displayName: string;
        readonly severity: number;
        readonly scopes: readonly string[];
        readonly actions: { readonly actionGroups: readonly string[] };
        readonly criteria: { readonly allOf: readonly { readonly query: string }[] };
    };
}

interface Listed<T> {
    readonly value: readonly T[];
}

/** The rules on Azure, whose queries a reader of KQL evaluates for the days to come. */
describe("alerts on Azure", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let group: string;

    before(async function () {
        const keyAlgorithm = "ECDSA-P256";
        deployment = await Deployment.make(this, "alerting", {
            pki: { keyAlgorithm },
            groups: {
                pumps: { keyAlgorithm, validityDays: 90, renewBeforeDays: 30 },
                meters: { keyAlgorithm, validityDays: 60, renewBeforeDays: 10 },
            },
            devices: [
                { id: "pump-1", group: "pumps" },
                { id: "pump-2", group: "pumps", status: "disabled" },
                { id: "meter-1", group: "meters" },
            ],
            alerts: { emails: ["iot@contoso.com"] },
        });
        const key = "iot-x509:alerts.webhooks[0]";
        await deployment.pulumi("config", "set", "--secret", "--path", key, webhook);
        await deployment.up();
        group = (await deployment.outputs()).resourceGroupName;
    });

    after(async () => {
        await shared().manage("PUT", "/clock", { offsetSeconds: 0 });
        await deployment?.remove();
    });

    async function kept<T>(type: string): Promise<readonly T[]> {
        const path = `/resourceGroups/${group}/providers/${type}?api-version=${versions[type]}`;
        const { body } = await armRequest(iotHubClient(), "GET", path);
        return (body as Listed<T>).value;
    }

    async function rules(stack = deployment.name): Promise<readonly Rule[]> {
        const all = await kept<Rule>("Microsoft.Insights/scheduledQueryRules");
        return all.filter(({ properties }) =>
            properties.displayName.startsWith(`iot-x509 ${stack}: `),
        );
    }

    /** What the rules find so many days from now: severity, kind, group, count. */
    async function found(days: number, stack?: string): Promise<string[]> {
        const now = new Date(Date.now() + days * 24 * hour);
        return (await rules(stack))
            .flatMap(({ properties }) =>
                alerting(properties.criteria.allOf[0].query, now).map(
                    ({ Kind, Group, Certificates }: Row) =>
                        `${properties.severity} ${Kind} ${Group} ${Certificates}`,
                ),
            )
            .sort();
    }

    it("are silent while all is well, and tell of a missed renewal in its band alone", async () => {
        assert.deepEqual(await found(0), []);
        assert.deepEqual(await found(49.5), [], "meters are renewed 10 days before the end");
        assert.deepEqual(await found(52.5), ["2 device meters 1"]);
        assert.deepEqual(await found(62.5), ["0 device meters 1", "3 device pumps 1"]);
        assert.deepEqual(await found(99), ["0 device meters 1", "0 device pumps 1"]);
    });

    it("go to the mail addresses and webhooks of the settings, which stay secret", async () => {
        interface ActionGroup {
            readonly id: string;
            readonly properties: {
                readonly emailReceivers: readonly { readonly emailAddress: string }[];
                readonly webhookReceivers: readonly { readonly serviceUri: string }[];
            };
        }
        const [actions, ...others] = await kept<ActionGroup>("Microsoft.Insights/actionGroups");
        assert.deepEqual(others, []);
        const { emailReceivers, webhookReceivers } = actions.properties;
        assert.deepEqual(
            emailReceivers.map(({ emailAddress }) => emailAddress),
            ["iot@contoso.com"],
        );
        assert.deepEqual(
            webhookReceivers.map(({ serviceUri }) => serviceUri),
            [webhook],
        );
        const [workspace] = await kept<{ id: string }>("Microsoft.OperationalInsights/workspaces");
        for (const { properties } of await rules()) {
            assert.deepEqual(properties.scopes, [workspace.id]);
            assert.deepEqual(properties.actions.actionGroups, [actions.id]);
        }
        assert.doesNotMatch(await deployment.pulumi("stack", "export"), /S3CRET/);
    });

    it("have nothing to do in a second run, and list no device in their dependencies", async () => {
        assert.deepEqual(await deployment.plan(), []);
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
        const { deployment: state } = JSON.parse(await deployment.pulumi("stack", "export")) as {
            deployment: { resources: { type: string; dependencies?: string[] }[] };
        };
        const found = state.resources.filter(({ type }) => type.endsWith(":ScheduledQueryRule"));
        assert.equal(found.length, 4);
        const names = found.flatMap(({ dependencies = [] }) => dependencies);
        assert.ok(names.length > 0);
        assert.ok(names.every((urn) => !/DeviceCertificate|CertificateAuthority/.test(urn)));
    });

    it("are rewritten by the run that renews", async () => {
        const before = (await rules()).map(({ properties }) => properties.criteria.allOf[0].query);
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        deployment.variables.NODE_OPTIONS = `${process.env.NODE_OPTIONS} --require "${clock}"`;
        deployment.variables.LATER_CLOCK_SECONDS = String(52 * day);
        await shared().manage("PUT", "/clock", { offsetSeconds: 52 * day });
        await deployment.up();
        const after = (await rules()).map(({ properties }) => properties.criteria.allOf[0].query);
        assert.ok(after.every((query) => !before.includes(query)));
        assert.deepEqual(await found(52.5), []);
        assert.deepEqual(await found(62.5), ["3 device pumps 1"]);
    });

    it("of a fleet are declared by each stack for its own certificates, and go with it", async () => {
        await FleetCommand.run(deployment, "up", "--shards", "2");
        assert.equal((await rules("alerting-shard-2")).length, 4);
        const printed = await FleetCommand.run(deployment, "up", "--shards", "1");
        assert.match(printed, /alerting-shard-2 is empty and no longer needed: removed/);
        assert.deepEqual(await rules("alerting-shard-2"), []);
        const caRows = (await rules()).map(
            ({ properties }) => properties.criteria.allOf[0].query.match(/^'\w+'/gm) ?? [],
        );
        assert.deepEqual([...new Set(caRows.flat())].sort(), ["'intermediate'", "'root'"]);
        assert.deepEqual(await found(62.5), []);
        assert.deepEqual(await found(62.5, "alerting-shard-1"), ["3 device pumps 1"]);
        await FleetCommand.run(deployment, "destroy", "--yes");
        const { body } = await armRequest(iotHubClient(), "GET", "/resources");
        const left = (body as Listed<{ id: string }>).value.filter(({ id }) =>
            id.toLowerCase().includes(`/resourcegroups/${group.toLowerCase()}/`),
        );
        assert.deepEqual(left, []);
    });
});

const versions: Readonly<Record<string, string>> = {
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.Insights/actionGroups": "2024-10-01-preview",
    "Microsoft.Insights/scheduledQueryRules": "2025-01-01-preview",
};
