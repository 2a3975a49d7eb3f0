import { deepStrictEqual, match, strictEqual } from "assert";
import { ArmAnswer, ArmWire, codeOf, messageOf, until } from "../../test/support/armWire";

const group = "/resourceGroups/alerts";
const workspaces = "Microsoft.OperationalInsights/workspaces";
const actionGroups = "Microsoft.Insights/actionGroups";
const rules = "Microsoft.Insights/scheduledQueryRules";
const versions: Readonly<Record<string, string>> = {
    [workspaces]: "2023-09-01",
    [actionGroups]: "2022-06-01",
    [rules]: "2023-12-01",
};

type Json = Readonly<Record<string, unknown>>;

describe("Azure Monitor and Log Analytics of the emulator", function () {
    this.timeout(30_000);
    let wire: ArmWire;

    before(async () => {
        wire = await ArmWire.start();
        await wire.arm("PUT", group, { body: { location: "westeurope" } });
        strictEqual((await put(workspaces, "alerts-ws", workspace())).status, 201);
    });

    after(() => wire.stop());

    function call(method: string, type: string, name: string, body?: Json): Promise<ArmAnswer> {
        const path = `${group}/providers/${type}${name === "" ? "" : `/${name}`}`;
        return wire.arm(method, `${path}?api-version=${versions[type]}`, { body });
    }

    const put = (type: string, name: string, body: Json) => call("PUT", type, name, body);

    const workspace = (properties: Json = {}, more: Json = {}) => ({
        location: "westeurope",
        properties: { sku: { name: "PerGB2018" }, ...properties },
        ...more,
    });
    const actions = (properties: Json = {}) => ({
        location: "Global",
        properties: { groupShortName: "iot", enabled: true, ...properties },
    });
    const condition = (change: Json = {}) => ({
        query: "datatable(Certificates:long)[1]",
        timeAggregation: "Total",
        metricMeasureColumn: "Certificates",
        operator: "GreaterThan",
        threshold: 0,
        dimensions: [{ name: "Kind", operator: "Include", values: ["*"] }],
        ...change,
    });
    const rule = (properties: Json = {}, allOf: readonly Json[] = [condition()]) => ({
        location: "westeurope",
        properties: {
            severity: 3,
            evaluationFrequency: "PT12H",
            windowSize: "P1D",
            scopes: [`${wire.subscription}${group}/providers/${workspaces}/alerts-ws`],
            criteria: { allOf },
            ...properties,
        },
    });

    it("keep each type from PUT to DELETE", async () => {
        for (const [type, body] of [
            [workspaces, workspace()],
            [actionGroups, actions()],
            [rules, rule()],
        ] as const) {
            strictEqual((await put(type, "kept", body)).status, 201);
            strictEqual((await put(type, "KEPT", body)).status, 200);
            const { status, body: seen } = await call("GET", type, "kept");
            deepStrictEqual([status, seen.name, seen.type], [200, "kept", type]);
            const listed = (await call("GET", type, "")).body.value as { name: string }[];
            strictEqual(listed.filter(({ name }) => name === "kept").length, 1);
            strictEqual((await call("DELETE", type, "kept")).status, 200);
            strictEqual((await call("DELETE", type, "kept")).status, 204);
            strictEqual(codeOf(await call("GET", type, "kept")), "ResourceNotFound");
        }
    });

    it("refuse what breaks a documented rule", async () => {
        const long = "x".repeat(64 * 1024);
        const twice = [
            { name: "a", emailAddress: "a@contoso.com" },
            { name: "A", emailAddress: "b@contoso.com" },
        ];
        const cases: readonly (readonly [string, string, Json, RegExp])[] = [
            [workspaces, "-ws", workspace(), /4 to 63/],
            [workspaces, "short", workspace({ retentionInDays: 7 }), /30 to 730/],
            [workspaces, "tier", workspace({ sku: { name: "S1" } }), /pricing tier/],
            [actionGroups, "a".repeat(261), actions(), /not valid/],
            [actionGroups, "long", actions({ groupShortName: "thirteen-char" }), /12 characters/],
            [actionGroups, "off", actions({ enabled: undefined }), /'enabled' is required/],
            [actionGroups, "twice", actions({ emailReceivers: twice }), /used twice/],
            [actionGroups, "no", actions({ webhookReceivers: [{ name: "w" }] }), /'serviceUri'/],
            [rules, "what%", rule(), /not valid/],
            [rules, "huge", rule({}, [condition({ query: long })]), /at most 65536/],
            [rules, "severe", rule({ severity: 5 }), /from 0 to 4/],
            [rules, "often", rule({ evaluationFrequency: "P1W" }), /'evaluationFrequency'/],
            [rules, "scope", rule({ scopes: ["/subscriptions/x"] }), /was not found/],
            [rules, "scopes", rule({ scopes: [] }), /exactly one/],
            [rules, "place", { ...rule(), location: "northeurope" }, /region of its workspace/],
            [rules, "none", rule({}, []), /must have a condition/],
            [rules, "query", rule({}, [condition({ query: "" })]), /needs a 'query'/],
            [
                rules,
                "mute",
                rule({ autoMitigate: true, muteActionsDuration: "P1D" }),
                /exclude each other/,
            ],
            [
                rules,
                "measure",
                rule({}, [condition({ metricMeasureColumn: undefined })]),
                /'metricMeasureColumn'/,
            ],
        ];
        for (const [type, name, body, message] of cases) {
            const answer = await put(type, name, body);
            strictEqual(answer.status, 400, name);
            match(messageOf(answer), message);
        }
    });

    it("know their API versions", async () => {
        const path = `${group}/providers/${rules}?api-version=2018-04-16`;
        const answer = await wire.arm("GET", path);
        strictEqual(codeOf(answer), "NoRegisteredProviderFound");
        match(messageOf(answer), /'scheduledQueryRules'.*2023-12-01/);
    });

    it("need a subscription that is registered for them", async () => {
        const provider = "/providers/Microsoft.Insights";
        await wire.arm("POST", `${provider}/unregister`);
        strictEqual(
            codeOf(await put(rules, "unregistered", rule())),
            "MissingSubscriptionRegistration",
        );
        await wire.arm("POST", `${provider}/register`);
        strictEqual((await put(rules, "registered", rule())).status, 201);
    });

    it("are listed with their group, and deleted with it", async () => {
        const listed = await wire.arm("GET", `${group}/resources`);
        const types = (listed.body.value as { type: string }[]).map(({ type }) => type);
        deepStrictEqual(types.sort(), [rules, workspaces]);
        await wire.arm("DELETE", group);
        await until(async () => codeOf(await wire.arm("GET", group)) === "ResourceGroupNotFound");
        deepStrictEqual((await wire.arm("GET", "/resources")).body.value, []);
    });
});
