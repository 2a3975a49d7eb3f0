import { deepStrictEqual, match, strictEqual } from "assert";
import { randomUUID } from "crypto";
import * as https from "https";
import { PrivateEmulator, startPrivate } from "../support/emulator";
import { OpenSsl } from "../support/openssl";

interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Record<string, unknown>;
}

interface Sent {
    readonly token?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly host?: string;
}

interface Login {
    readonly appId: string;
    readonly objectId: string;
    readonly secret: string;
}

const hubs = "providers/Microsoft.Devices/IotHubs";
const westEurope = { location: "westeurope" };
const hubBody = { ...westEurope, sku: { name: "S1", capacity: 1 } };

describe("Azure Resource Manager of the emulator", function () {
    this.timeout(30_000);
    let azure: PrivateEmulator;
    let subscription: string;
    let owner: string;

    before(async () => {
        azure = await startPrivate();
        const { deployer } = azure.emulator;
        subscription = `/subscriptions/${deployer.subscriptionId}`;
        owner = await login(deployer.clientId, deployer.clientSecret);
    });

    after(() => azure.stop());

    /** A request as a client behind no proxy would send it: TLS to the host's name, trust in the emulator's CA. */
    function send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
        const host = sent.host ?? "management.azure.com";
        return new Promise((resolve, reject) => {
            const request = https.request(
                {
                    ...{ method, path, host: "127.0.0.1", port: azure.httpsPort },
                    ...{ servername: host, ca: azure.caPem, agent: false },
                    headers: {
                        host,
                        ...(sent.token === undefined
                            ? {}
                            : { authorization: `Bearer ${sent.token}` }),
                        ...sent.headers,
                    },
                },
                (response) => {
                    let text = "";
                    response.setEncoding("utf8");
                    response.on("data", (part: string) => (text += part));
                    response.on("end", () =>
                        resolve({
                            status: response.statusCode as number,
                            headers: response.headers,
                            body: (text === "" ? {} : JSON.parse(text)) as Answer["body"],
                        }),
                    );
                },
            );
            request.on("error", reject);
            const { body } = sent;
            request.end(typeof body === "string" ? body : body && JSON.stringify(body));
        });
    }

    async function login(
        clientId: string,
        secret: string,
        scope = "https://management.azure.com/.default",
    ): Promise<string> {
        const form = new URLSearchParams({
            ...{ grant_type: "client_credentials", client_id: clientId },
            ...{ client_secret: secret, scope },
        });
        const { tenantId } = azure.emulator.deployer;
        const answer = await send("POST", `/${tenantId}/oauth2/v2.0/token`, {
            host: "login.microsoftonline.com",
            headers: { "content-type": "application/x-www-form-urlencoded" },
            body: form.toString(),
        });
        return answer.body.access_token as string;
    }

    function arm(method: string, path: string, sent: Sent = {}): Promise<Answer> {
        const version = path.includes("api-version=")
            ? ""
            : `${path.includes("?") ? "&" : "?"}api-version=` +
              (/Microsoft\.Devices(?!.*Microsoft\.Authorization)/i.test(path)
                  ? "2023-06-30"
                  : "2022-04-01");
        return send(method, subscription + path + version, { token: owner, ...sent });
    }

    function principal(roles: readonly { role: string; scope: string }[]): Promise<Login> {
        return azure.manage<Login>("POST", "/principals", { displayName: "tester", roles });
    }

    async function until(isTrue: () => Promise<boolean>): Promise<void> {
        for (let tries = 0; !(await isTrue()); tries += 1) {
            if (tries > 100) {
                throw new Error("it did not happen in 5 s");
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    async function makeHub(group: string, hub: string): Promise<void> {
        await arm("PUT", `/resourceGroups/${group}`, { body: westEurope });
        const path = `/resourceGroups/${group}/${hubs}/${hub}`;
        strictEqual((await arm("PUT", path, { body: hubBody })).status, 201);
        await until(async () => {
            const { properties } = (await arm("GET", path)).body as {
                properties: { state: string };
            };
            return properties.state === "Active";
        });
    }

    const codeOf = ({ body }: Answer): unknown => (body.error as { code?: unknown })?.code;
    const messageOf = ({ body }: Answer): string =>
        String((body.error as { message?: unknown })?.message ?? body.message);

    describe("tokens and API versions", () => {
        it("a missing api-version is the first thing refused", async () => {
            const answer = await send("GET", subscription);
            strictEqual(answer.status, 400);
            strictEqual(codeOf(answer), "MissingApiVersionParameter");
        });

        it("no token: 401 with a challenge that names the authority", async () => {
            const answer = await arm("GET", "", { token: undefined, headers: {} });
            strictEqual(answer.status, 401);
            match(
                answer.headers["www-authenticate"] as string,
                /^Bearer authorization_uri="https:\/\/login\.windows\.net\/[0-9a-f-]{36}"/,
            );
        });

        it("a token for the data plane: 401 InvalidAuthenticationTokenAudience", async () => {
            const { clientId, clientSecret } = azure.emulator.deployer;
            const token = await login(clientId, clientSecret, "https://iothubs.azure.net/.default");
            const answer = await arm("GET", "", { token });
            strictEqual(answer.status, 401);
            strictEqual(codeOf(answer), "InvalidAuthenticationTokenAudience");
        });

        it("a token for the classic management endpoint is taken", async () => {
            const { clientId, clientSecret } = azure.emulator.deployer;
            const scope = "https://management.core.windows.net//.default";
            const token = await login(clientId, clientSecret, scope);
            strictEqual((await arm("GET", "", { token })).status, 200);
        });

        it("a version that Microsoft.Devices does not have: 400 with the list of those it has", async () => {
            const answer = await arm("GET", `/${hubs}?api-version=2015-08-15-preview`);
            strictEqual(answer.status, 400);
            strictEqual(codeOf(answer), "NoRegisteredProviderFound");
            match(
                messageOf(answer),
                /API version '2015-08-15-preview' for type 'IotHubs'.*2023-06-30/,
            );
        });

        it("another subscription: 404 SubscriptionNotFound", async () => {
            const path = `/subscriptions/${randomUUID()}?api-version=2022-12-01`;
            const answer = await send("GET", path, { token: owner });
            strictEqual(answer.status, 404);
            strictEqual(codeOf(answer), "SubscriptionNotFound");
        });

        it("what it does not play: 501", async () => {
            const answer = await arm("GET", "/providers/Microsoft.Compute/virtualMachines");
            strictEqual(answer.status, 501);
        });
    });

    describe("resource groups", () => {
        it("live from PUT to DELETE and take their hubs with them", async () => {
            const made = await arm("PUT", "/resourceGroups/Cascade", { body: westEurope });
            strictEqual(made.status, 201);
            strictEqual(made.body.name, "Cascade");
            strictEqual((await arm("HEAD", "/resourcegroups/cascade")).status, 204);
            strictEqual((await arm("HEAD", "/resourcegroups/other")).status, 404);
            await makeHub("cascade", "cascade-hub");
            const resources = await arm("GET", "/resourceGroups/CASCADE/resources");
            deepStrictEqual(
                (resources.body.value as { name: string; id: string }[]).map(({ id }) => id),
                [`${subscription}/resourceGroups/Cascade/${hubs}/cascade-hub`],
            );
            const moved = await arm("PUT", "/resourceGroups/cascade", {
                body: { location: "northeurope" },
            });
            strictEqual(codeOf(moved), "InvalidResourceGroupLocation");

            const gone = await arm("DELETE", "/resourceGroups/cascade");
            strictEqual(gone.status, 202);
            const location = new URL(gone.headers.location as string);
            const poll = (): Promise<Answer> =>
                send("GET", location.pathname + location.search, { token: owner });
            strictEqual((await poll()).status, 202);
            await until(async () => (await poll()).status === 200);
            strictEqual(
                codeOf(await arm("GET", "/resourceGroups/cascade")),
                "ResourceGroupNotFound",
            );
            deepStrictEqual((await arm("GET", `/${hubs}`)).body, { value: [] });
        });
    });

    describe("asynchronous operations", () => {
        it("take settings.activationSeconds; a hub on its way takes no change", async () => {
            await azure.manage("PATCH", "/settings", { activationSeconds: 0.6 });
            await arm("PUT", "/resourceGroups/slow", { body: westEurope });
            const path = `/resourceGroups/slow/${hubs}/slow-hub`;
            const started = Date.now();
            const made = await arm("PUT", path, { body: hubBody });
            const url = new URL(made.headers["azure-asyncoperation"] as string);
            const poll = async (): Promise<unknown> =>
                (await send("GET", url.pathname + url.search, { token: owner })).body;
            deepStrictEqual(await poll(), { status: "Running" });
            const change = await arm("PATCH", path, { body: { tags: {} } });
            strictEqual(change.status, 409);
            await until(async () => ((await poll()) as { status: string }).status === "Succeeded");
            strictEqual(Date.now() - started >= 600, true);
            await azure.manage("PATCH", "/settings", { activationSeconds: 0.05 });
            await arm("DELETE", "/resourceGroups/slow");
        });
    });

    describe("roles", () => {
        it("a principal without one sees nothing and may nothing: 403 names client, action, scope", async () => {
            const nobody = await principal([]);
            const token = await login(nobody.appId, nobody.secret);
            const list = await send("GET", "/subscriptions?api-version=2022-12-01", { token });
            deepStrictEqual(list.body.value, []);
            const answer = await arm("PUT", "/resourceGroups/nope", { token, body: westEurope });
            strictEqual(answer.status, 403);
            strictEqual(codeOf(answer), "AuthorizationFailed");
            strictEqual(
                messageOf(answer),
                `The client '${nobody.appId}' with object id '${nobody.objectId}' does not have authorization to ` +
                    "perform action 'Microsoft.Resources/subscriptions/resourceGroups/write' over scope " +
                    `'${subscription}/resourceGroups/nope' or the scope is invalid. If access was recently ` +
                    "granted, please refresh your credentials.",
            );
        });

        it("a Reader of one group reads there, and there only", async () => {
            await makeHub("mine", "mine-hub");
            await makeHub("theirs", "theirs-hub");
            const scope = `${subscription}/resourceGroups/mine`;
            const reader = await principal([{ role: "Reader", scope }]);
            const token = await login(reader.appId, reader.secret);
            const mine = `/resourceGroups/mine/${hubs}/mine-hub`;
            strictEqual((await arm("GET", mine, { token })).status, 200);
            strictEqual((await arm("POST", `${mine}/listkeys`, { token })).status, 403);
            strictEqual((await arm("DELETE", mine, { token })).status, 403);
            strictEqual(
                (await arm("GET", `/resourceGroups/theirs/${hubs}/theirs-hub`, { token })).status,
                403,
            );
            const seen = await send("GET", "/subscriptions?api-version=2022-12-01", { token });
            strictEqual((seen.body.value as unknown[]).length, 1);
        });

        it("a Contributor changes resources but assigns no roles", async () => {
            const scope = subscription;
            const contributor = await principal([{ role: "Contributor", scope }]);
            const token = await login(contributor.appId, contributor.secret);
            const body = { location: "westeurope" };
            strictEqual((await arm("PUT", "/resourceGroups/made", { token, body })).status, 201);
            const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
            strictEqual((await arm("PUT", path, { token, body: {} })).status, 403);
            const permissions = await arm("GET", "/providers/Microsoft.Authorization/permissions", {
                token,
            });
            const [first] = permissions.body.value as { actions: string[]; notActions: string[] }[];
            deepStrictEqual(first.actions, ["*"]);
            strictEqual(first.notActions.includes("Microsoft.Authorization/*/Write"), true);
        });

        it("assignments: create, again, twice, unknown principal or role, list, delete", async () => {
            const { objectId } = await principal([]);
            const scope = `/resourceGroups/mine/${hubs}/mine-hub`;
            const collection = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
            const definitions = await arm(
                "GET",
                "/providers/Microsoft.Authorization/roleDefinitions?$filter=" +
                    encodeURIComponent("roleName eq 'IoT Hub Data Contributor'"),
            );
            const [definition] = definitions.body.value as { id: string; name: string }[];
            strictEqual(definition.name, "4fc6c259-987e-4a07-842e-c321cc9d413f");
            const properties = { roleDefinitionId: definition.id, principalId: objectId };
            const name = randomUUID();
            const put = (as: string, changes: object = {}): Promise<Answer> =>
                arm("PUT", `${collection}/${as}`, {
                    body: { properties: { ...properties, ...changes } },
                });
            const made = await put(name);
            strictEqual(made.status, 201);
            strictEqual(made.body.id, `${subscription}${collection}/${name}`);
            strictEqual((await put(name)).status, 200);
            const twice = await put(randomUUID());
            strictEqual(twice.status, 409);
            strictEqual(codeOf(twice), "RoleAssignmentExists");
            const unknown = await put(randomUUID(), { principalId: randomUUID() });
            strictEqual(unknown.status, 400);
            strictEqual(codeOf(unknown), "PrincipalNotFound");
            const role = await put(randomUUID(), { roleDefinitionId: randomUUID() });
            strictEqual(codeOf(role), "RoleDefinitionDoesNotExist");

            const filter = (text: string): string =>
                `${collection}?$filter=${encodeURIComponent(text)}`;
            const own = await arm("GET", filter(`principalId eq '${objectId}'`));
            strictEqual((own.body.value as unknown[]).length, 1);
            const above = await arm(
                "GET",
                "/providers/Microsoft.Authorization/roleAssignments?$filter=" +
                    encodeURIComponent(`atScope() and assignedTo('${objectId}')`),
            );
            deepStrictEqual(above.body.value, []);
            strictEqual((await arm("DELETE", `${collection}/${name}`)).status, 200);
            strictEqual((await arm("DELETE", `${collection}/${name}`)).status, 204);
            strictEqual((await arm("GET", `${collection}/${name}`)).status, 404);
        });

        it("settings.rolePropagationSeconds delays a new role by the emulator's clock", async () => {
            await azure.manage("PATCH", "/settings", { rolePropagationSeconds: 600 });
            const late = await principal([{ role: "Reader", scope: subscription }]);
            const before = await login(late.appId, late.secret);
            strictEqual((await arm("GET", "", { token: before })).status, 403);
            await azure.manage("PUT", "/clock", { offsetSeconds: 601 });
            strictEqual((await arm("GET", "", { token: before })).status, 200);
            await azure.manage("PUT", "/clock", { offsetSeconds: 0 });
            await azure.manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
        });
    });

    describe("proof of possession and time", () => {
        let openssl: OpenSsl;

        before(async () => {
            openssl = await OpenSsl.create();
        });

        after(() => openssl.remove());

        it("a proof of one day is refused two days later and taken in time", async () => {
            const ca = await openssl.selfSigned("Clock CA");
            const path = `/resourceGroups/mine/${hubs}/mine-hub/certificates/clock`;
            const content = (pem: string): string => Buffer.from(pem).toString("base64");
            const body = { properties: { certificate: content(ca.certificate) } };
            const made = await arm("PUT", path, { body });
            const coded = await arm("POST", `${path}/generateVerificationCode`, {
                headers: { "if-match": made.body.etag as string },
            });
            const { verificationCode } = coded.body.properties as { verificationCode: string };
            const proof = await openssl.issued(verificationCode, ca, { days: 1 });
            const verify = (token: string): Promise<Answer> =>
                arm("POST", `${path}/verify`, {
                    token,
                    headers: { "if-match": coded.body.etag as string },
                    body: { certificate: content(proof.certificate) },
                });
            await azure.manage("PUT", "/clock", { offsetSeconds: 2 * 86_400 });
            const { clientId, clientSecret } = azure.emulator.deployer;
            const late = await verify(await login(clientId, clientSecret));
            strictEqual(late.status, 400);
            strictEqual(late.body.code, 400053);
            match(messageOf(late), /not within its validity period/);
            await azure.manage("PUT", "/clock", { offsetSeconds: 0 });
            strictEqual((await verify(owner)).status, 200);
        });

        it("isVerified is not taken by an api-version from before 2021-07", async () => {
            const ca = await openssl.selfSigned("Old API CA");
            const path = `/resourceGroups/mine/${hubs}/mine-hub/certificates/old`;
            const made = await arm("PUT", `${path}?api-version=2020-03-01`, {
                body: { properties: { certificate: ca.certificate, isVerified: true } },
            });
            strictEqual(made.status, 200);
            strictEqual((made.body.properties as { isVerified: boolean }).isVerified, false);
        });
    });
});
