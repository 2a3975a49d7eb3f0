import { strict as assert } from "assert";
import { AzureRequest } from "../azure/transport";
import { claimsOf } from "../azure/tokens";
import { GraphClient } from "../azuread/graphClient";
import { AzureAdProvider } from "../azuread/provider";
import { EntraBench } from "../../test/support/entra";
import { Props, ProviderClient } from "./providerClient";
import { recordedRequests, recordedState } from "./recordings";
import { Declared, Stack } from "./stack";

const graph = "https://graph.microsoft.com";
const credentialType =
    "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential";

/** The program whose life with the official plug-in is recorded. */
function program(subjects: readonly string[], displayName?: string): Declared[] {
    return [
        {
            type: "azuread:index/application:Application",
            name: "ci-application",
            inputs: () => ({ displayName: displayName ?? "iot-x509 CI of contoso/fleet" }),
        },
        {
            type: "azuread:index/servicePrincipal:ServicePrincipal",
            name: "ci-principal",
            inputs: (outputs) => ({ clientId: outputs("ci-application").clientId }),
        },
        ...subjects.map((subject, index) => ({
            type: credentialType,
            name: `ci-credential-${subject.replace(/[^A-Za-z0-9]+/g, "-")}`,
            inputs: (outputs: (name: string) => Props) => ({
                applicationId: outputs("ci-application").id,
                audiences: ["api://AzureADTokenExchange"],
                displayName: `github-${index + 1}`,
                issuer: "https://token.actions.githubusercontent.com",
                subject: `repo:contoso/fleet:${subject}`,
            }),
        })),
    ];
}

const subjects = ["ref:refs/heads/main", "environment:prod"];

/** A call without the IDs that every run makes anew. */
const shape = (method: string, path: string, outcome: number): string =>
    `${method} ${path.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…")} ${outcome}`;

/** Each call once: the official plug-in repeats a question until Entra ID's answer has settled. */
function distinct(calls: readonly string[], part: string): string[] {
    const of = calls.filter((call) => call.includes(part));
    return of.filter((call, index) => call !== of[index - 1]);
}

describe("stand-in of azuread against recordings of the official plugin", () => {
    const calls: string[] = [];
    let bench: EntraBench;
    let client: ProviderClient;
    let stack: Stack;

    before(async () => {
        bench = await EntraBench.create();
        const caller = bench.directory.createServicePrincipal({
            displayName: "caller",
            secret: true,
            graphRights: ["Application.ReadWrite.All"],
        });
        const { body } = await bench.token({
            grant_type: "client_credentials",
            client_id: caller.appId,
            client_secret: caller.secret as string,
            scope: `${graph}/.default`,
        });
        const token = String(body.access_token);
        const send = async ({ method, url, body: text }: AzureRequest) => {
            const answer = await bench.call(method, url, {
                headers: { authorization: `Bearer ${token}` },
                json: text === undefined ? undefined : JSON.parse(text),
            });
            const { pathname, search } = new URL(url);
            calls.push(shape(method, pathname + search, answer.status));
            return { status: answer.status, headers: {}, body: JSON.stringify(answer.body) };
        };
        const whoAmI = () => Promise.resolve(claimsOf(token));
        const provider = new AzureAdProvider(new GraphClient({ send }, graph, whoAmI));
        client = await new ProviderClient("azuread").serve(() => provider, "6.9.1");
        stack = new Stack({ azuread: client });
    });
    after(() => client.stop());
    beforeEach(() => void calls.splice(0));

    /** The recording's calls and these, by the kind of object, because the engine's order is not fixed. */
    function sameCalls(recorded: readonly { method: string; path: string; outcome: number }[]) {
        const official = recorded.map(({ method, path, outcome }) => shape(method, path, outcome));
        const credentials = (call: string) => call.includes("federatedIdentityCredentials");
        const parts: [string, (call: string) => boolean][] = [
            ["servicePrincipals", () => true],
            ["federatedIdentityCredentials", () => true],
            ["/applications/", (call) => !credentials(call)],
        ];
        for (const [part, belongs] of parts) {
            const [own, theirs] = [calls, official].map((all) =>
                distinct(all.filter(belongs), part),
            );
            assert.deepEqual(own, theirs, part);
        }
    }

    it("a first up makes the recorded calls", async () => {
        const steps = await stack.up(program(subjects));
        assert.deepEqual(
            steps.map(({ op }) => op),
            ["create", "create", "create", "create"],
        );
        sameCalls(recordedRequests("azuread-requests.json")["first up"]);
    });

    it("inputs, outputs and IDs are the recorded ones", () => {
        const ids = (values: Props): Props =>
            JSON.parse(
                JSON.stringify(values).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…"),
            ) as Props;
        for (const { name, id, inputs, outputs } of recordedState("azuread-state.json")) {
            const made = stack.state.get(name);
            assert.ok(made !== undefined);
            assert.deepEqual(ids({ id: made.id }), ids({ id }));
            assert.deepEqual(ids(made.inputs), ids(inputs));
            const publisherDomain = outputs.publisherDomain && made.outputs.publisherDomain;
            const expected =
                publisherDomain === undefined ? outputs : { ...outputs, publisherDomain };
            const { __meta: meta, ...own } = made.outputs;
            const { __meta: recordedMeta, ...official } = expected;
            assert.deepEqual(ids(own), ids(official));
            assert.deepEqual(JSON.parse(String(meta)), JSON.parse(String(recordedMeta)));
        }
    });

    it("a refresh reads what the recorded one reads, and finds no change", async () => {
        const before = [...stack.state];
        await stack.refresh();
        assert.deepEqual([...stack.state], before);
        assert.deepEqual(await stack.preview(program(subjects)), []);
        const recorded = recordedRequests("azuread-requests.json");
        const reads = recorded["one subject replaced, then refresh"].filter(
            ({ method }) => method === "GET",
        );
        const seen = new Set(
            reads.map(({ method, path, outcome }) => shape(method, path, outcome)),
        );
        assert.deepEqual([...new Set(calls)].sort(), [...seen].sort());
    });

    it("updates an application's name and its credential's subject, and replaces a credential for another name", async () => {
        const renamed = program(subjects, "renamed");
        const [step, ...others] = await stack.up(renamed);
        assert.deepEqual([step.op, step.diffReasons, others], ["update", ["displayName"], []]);
        assert.deepEqual(await stack.preview(renamed), []);
        const name = "ci-credential-ref-refs-heads-main";
        const [credential] = program(subjects).filter((each) => each.name === name);
        const changed = (change: Props): Declared[] => [
            ...renamed.slice(0, 2),
            { ...credential, inputs: (outputs) => ({ ...credential.inputs(outputs), ...change }) },
        ];
        const [subject] = await stack.preview(changed({ subject: "repo:a/b:pull_request" }));
        assert.deepEqual([subject.op, subject.diffReasons], ["update", ["subject"]]);
        const [display] = await stack.preview(changed({ displayName: "other" }));
        assert.deepEqual([display.op, display.replaceReasons], ["replace", ["displayName"]]);
    });

    it("a deletion makes the recorded calls, and succeeds for what is already deleted", async () => {
        const order = [...stack.state].reverse();
        for (const [, { type, id }] of order) {
            await client.delete(type.slice("azuread:".length), id);
        }
        sameCalls(recordedRequests("azuread-requests.json").destroy);
        for (const [, { type, id, inputs, outputs }] of order) {
            const token = type.slice("azuread:".length);
            const known = { inputs, state: outputs };
            assert.equal((await client.read(token, id, known)).id, "");
            await client.delete(token, id);
        }
    });

    it("refuses a type, a function and an input that it does not know, by name", async () => {
        await assert.rejects(
            client.check("index/group:Group", "it", {}),
            /index\/group:Group is not in the azuread stand-in.*official plugin may support it/,
        );
        await assert.rejects(
            client.invoke("index/getUser:getUser", {}),
            /getUser is not in the azuread stand-in.*official plugin may support it/,
        );
        const { failures } = await client.check("index/application:Application", "it", {
            displayName: "it",
            owners: ["x"],
        });
        assert.match(failures.join(), /'owners' is not an input in the azuread stand-in/);
    });
});
