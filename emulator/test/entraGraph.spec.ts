import * as assert from "assert";
import { Answer, EntraBench, Json, pemBody, selfSigned } from "../../test/support/entra";

const graph = "https://graph.microsoft.com";
const exchange = "api://AzureADTokenExchange";

describe("Microsoft Graph", () => {
    let bench: EntraBench;
    let bearer: string;
    let callerId: string;
    let callerAppId: string;

    before(async () => {
        bench = await EntraBench.create();
        const made = bench.directory.createServicePrincipal({
            displayName: "caller",
            secret: true,
            graphRights: ["Application.ReadWrite.All"],
        });
        callerId = made.objectId;
        callerAppId = made.appId;
        const { body } = await bench.token({
            grant_type: "client_credentials",
            client_id: made.appId,
            client_secret: made.secret as string,
            scope: `${graph}/.default`,
        });
        bearer = `Bearer ${String(body.access_token)}`;
    });

    function call(method: string, path: string, json?: unknown): Promise<Answer> {
        const headers = { authorization: bearer };
        return bench.call(method, `${graph}/v1.0${path}`, { headers, json });
    }

    async function done(method: string, path: string, json?: unknown): Promise<Json> {
        const { status, body } = await call(method, path, json);
        assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(body)}`);
        return body;
    }

    async function refused(status: number, code: string, ...args: Parameters<typeof call>) {
        const answer = await call(...args);
        const error = answer.body.error as { code: string; message: string; innerError: Json };
        assert.strictEqual(answer.status, status, JSON.stringify(answer.body));
        assert.strictEqual(error.code, code);
        assert.strictEqual(typeof error.innerError["request-id"], "string");
        return error.message;
    }

    const newApplication = (displayName = "app"): Promise<Json> =>
        done("POST", "/applications", { displayName });

    const values = (body: Json): Json[] => body.value as Json[];

    it("requires a token for its own audience", async () => {
        const answer = await bench.call("GET", `${graph}/v1.0/applications`);
        assert.strictEqual(answer.status, 401);
        assert.match(answer.headers["www-authenticate"], /^Bearer authorization_uri=/);
        assert.strictEqual((answer.body.error as Json).code, "InvalidAuthenticationToken");
    });

    it("answers 501 to what it does not emulate", async () => {
        assert.strictEqual((await call("GET", "/users")).status, 501);
    });

    describe("applications", () => {
        it("are created, read, updated and deleted, in v1.0 and beta alike", async () => {
            const made = await newApplication("first");
            assert.match(
                String(made["@odata.context"]),
                /\/v1\.0\/\$metadata#applications\/\$entity$/,
            );
            const path = `/applications/${String(made.id)}`;
            await done("PATCH", path, {
                description: "d",
                web: { homePageUrl: "https://a.example" },
            });
            await done("PATCH", path, { web: { logoutUrl: "https://a.example/out" } });
            const headers = { authorization: bearer };
            const beta = await bench.call("GET", `${graph}/beta${path}`, { headers });
            assert.strictEqual(beta.body.description, "d");
            const web = beta.body.web as Json;
            assert.deepStrictEqual(
                [web.homePageUrl, web.logoutUrl],
                ["https://a.example", "https://a.example/out"],
            );
            await done("DELETE", path);
            const message = await refused(404, "Request_ResourceNotFound", "GET", path);
            assert.match(message, new RegExp(`^Resource '${String(made.id)}' does not exist`));
        });

        it("are found by their client ID as a key", async () => {
            const { id, appId } = await newApplication();
            assert.strictEqual(
                (await done("GET", `/applications(appId='${String(appId)}')`)).id,
                id,
            );
        });

        it("are filtered, selected, counted and paged", async () => {
            const { id, appId } = await newApplication("o'brien and co");
            await done("PATCH", `/applications/${String(id)}`, { identifierUris: ["api://o"] });
            const filters = [
                `appId eq '${String(appId)}'`,
                "displayName eq 'o''brien and co'",
                "startswith(displayName,'O''Bri')",
                "identifierUris/any(u:u eq 'api://o')",
                "displayName eq 'o''brien and co' and signInAudience eq 'AzureADMyOrg'",
            ];
            for (const filter of filters) {
                const query = `$filter=${encodeURIComponent(filter)}&$select=id&$count=true`;
                const found = await done("GET", `/applications?${query}`);
                assert.deepStrictEqual(found.value, [{ id }], filter);
                assert.strictEqual(found["@odata.count"], 1);
            }
            const first = await done("GET", "/applications?$top=1");
            assert.strictEqual(values(first).length, 1);
            const next = new URL(String(first["@odata.nextLink"]));
            const second = await done("GET", next.pathname.replace("/v1.0", "") + next.search);
            assert.notStrictEqual(values(second)[0].id, values(first)[0].id);
        });

        it("refuse an unsupported filter instead of ignoring it", async () => {
            const query = encodeURIComponent("createdDateTime ge 2020-01-01T00:00:00Z");
            await refused(400, "Request_UnsupportedQuery", "GET", `/applications?$filter=${query}`);
            await refused(400, "Request_UnsupportedQuery", "GET", "/applications?$search=x");
        });

        it("refuse invalid values", async () => {
            await newApplication().then(({ id }) =>
                done("PATCH", `/applications/${String(id)}`, { identifierUris: ["api://taken"] }),
            );
            const bad: Json[] = [
                {},
                { displayName: "" },
                { displayName: "x".repeat(257) },
                { displayName: "x", noSuchProperty: 1 },
                { displayName: "x", identifierUris: ["api://taken"] },
                { displayName: "x", "owners@odata.bind": ["nonsense"] },
            ];
            const before = values(await done("GET", "/applications")).length;
            for (const body of bad) {
                await refused(400, "Request_BadRequest", "POST", "/applications", body);
            }
            assert.strictEqual(values(await done("GET", "/applications")).length, before);
        });

        it("have owners: the caller, unless others are named", async () => {
            const { id } = await newApplication();
            const owners = `/applications/${String(id)}/owners`;
            assert.deepStrictEqual(
                values(await done("GET", owners)).map((one) => one.id),
                [callerId],
            );
            const link = { "@odata.id": `${graph}/v1.0/directoryObjects/${callerId}` };
            await refused(400, "Request_BadRequest", "POST", `${owners}/$ref`, link);
            await done("DELETE", `${owners}/${callerId}/$ref`);
            assert.deepStrictEqual(values(await done("GET", owners)), []);
            await done("POST", `${owners}/$ref`, link);
            assert.strictEqual(values(await done("GET", owners)).length, 1);
        });
    });

    describe("credentials", () => {
        const signIn = (clientId: unknown, secret: unknown): Promise<Answer> =>
            bench.token({
                grant_type: "client_credentials",
                client_id: String(clientId),
                client_secret: String(secret),
                scope: "https://management.azure.com/.default",
            });

        it("sign in immediately, and not after removal; secrets are shown once", async () => {
            const { id, appId } = await newApplication();
            await done("POST", "/servicePrincipals", { appId });
            const path = `/applications/${String(id)}`;
            const added = await done("POST", `${path}/addPassword`, {
                passwordCredential: { displayName: "ci" },
            });
            assert.strictEqual((await signIn(appId, added.secretText)).status, 200);
            const [shown] = (await done("GET", path)).passwordCredentials as Json[];
            assert.deepStrictEqual(
                [shown.keyId, shown.displayName, shown.secretText, shown.hint],
                [added.keyId, "ci", null, String(added.secretText).slice(0, 3)],
            );
            await done("POST", `${path}/removePassword`, { keyId: added.keyId });
            assert.strictEqual((await signIn(appId, added.secretText)).status, 401);
            const again = { keyId: added.keyId };
            await refused(400, "Request_BadRequest", "POST", `${path}/removePassword`, again);
        });

        it("are kept by ID when the list of certificates is sent back without their values", async () => {
            const { id } = await newApplication();
            const path = `/applications/${String(id)}`;
            const pems = [selfSigned("a"), selfSigned("b")].map((pair) =>
                pemBody(pair.certificatePem),
            );
            await done("PATCH", path, { keyCredentials: [{ key: pems[0] }] });
            const [first] = (await done("GET", path)).keyCredentials as Json[];
            assert.strictEqual(first.key, null);
            await done("PATCH", path, { keyCredentials: [first, { key: pems[1] }] });
            const keys = (await done("GET", path)).keyCredentials as Json[];
            assert.strictEqual(keys.length, 2);
            assert.strictEqual(keys[0].keyId, first.keyId);
            const bad = { keyCredentials: [{ key: "AAAA" }] };
            await refused(400, "Request_BadRequest", "PATCH", path, bad);
        });

        it("of an issuer that is not emulated are refused with a clear error", async () => {
            const { id, appId } = await newApplication();
            const issuer = "https://unreachable.example";
            const trust = { name: "away", issuer, subject: "s", audiences: [exchange] };
            await done("POST", `/applications/${String(id)}/federatedIdentityCredentials`, trust);
            const part = (json: Json): string =>
                Buffer.from(JSON.stringify(json)).toString("base64url");
            const claims = { iss: issuer, sub: "s", aud: exchange, exp: 4e9 };
            const { body } = await bench.token({
                grant_type: "client_credentials",
                client_id: String(appId),
                client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                client_assertion: `${part({ alg: "RS256" })}.${part(claims)}.AAAA`,
                scope: "https://management.azure.com/.default",
            });
            assert.deepStrictEqual(body.error_codes, [50166]);
        });
    });

    describe("federated identity credentials", () => {
        const trust = (change: Json = {}): Json => ({
            name: "main",
            issuer: "https://token.actions.githubusercontent.com",
            subject: "repo:o/r:ref:refs/heads/main",
            audiences: [exchange],
            ...change,
        });

        it("are created, read by ID and by name, updated and deleted", async () => {
            const { id } = await newApplication();
            const all = `/applications/${String(id)}/federatedIdentityCredentials`;
            const made = await done("POST", all, trust());
            await done("PATCH", `${all}/main`, { subject: "repo:o/r:environment:prod" });
            const read = await done("GET", `${all}/${String(made.id)}`);
            assert.deepStrictEqual(
                [read.name, read.subject, read.audiences],
                ["main", "repo:o/r:environment:prod", [exchange]],
            );
            await done("DELETE", `${all}/${String(made.id)}`);
            await refused(404, "Request_ResourceNotFound", "GET", `${all}/main`);
            assert.deepStrictEqual(values(await done("GET", all)), []);
        });

        it("refuse invalid values, duplicates and a twenty-first", async () => {
            const { id } = await newApplication();
            const all = `/applications/${String(id)}/federatedIdentityCredentials`;
            const bad: Json[] = [
                { name: "a b" },
                { issuer: "http://plain.example" },
                { subject: "" },
                { audiences: [] },
                { audiences: ["a", "b"] },
            ];
            for (const change of bad) {
                await refused(400, "Request_BadRequest", "POST", all, trust(change));
            }
            await done("POST", all, trust());
            const code = "Request_MultipleObjectsWithSameKeyValue";
            await refused(409, code, "POST", all, trust({ subject: "other" }));
            await refused(409, code, "POST", all, trust({ name: "twin" }));
            for (let index = 1; index < 20; index++) {
                await done("POST", all, trust({ name: `more-${index}`, subject: `s${index}` }));
            }
            const last = trust({ name: "last", subject: "last" });
            await refused(400, "Request_BadRequest", "POST", all, last);
        });
    });

    describe("service principals", () => {
        it("are created once per application and deleted with it", async () => {
            const { id, appId } = await newApplication("with principal");
            const made = await done("POST", "/servicePrincipals", { appId });
            assert.strictEqual(made.displayName, "with principal");
            await refused(
                409,
                "Request_MultipleObjectsWithSameKeyValue",
                "POST",
                "/servicePrincipals",
                { appId },
            );
            const path = `/servicePrincipals/${String(made.id)}`;
            await done("PATCH", path, { tags: ["t"], accountEnabled: true });
            assert.deepStrictEqual((await done("GET", path)).tags, ["t"]);
            await done("DELETE", `/applications/${String(id)}`);
            await refused(404, "Request_ResourceNotFound", "GET", path);
        });

        it("are found as az finds them", async () => {
            const filter = encodeURIComponent(`servicePrincipalNames/any(c:c eq '${callerAppId}')`);
            const found = await done("GET", `/servicePrincipals?$filter=${filter}`);
            assert.deepStrictEqual(
                values(found).map((one) => one.id),
                [callerId],
            );
            const objects = await done("POST", "/directoryObjects/getByIds", {
                ids: [callerId, "11111111-2222-4333-8444-555555555555"],
            });
            assert.deepStrictEqual(
                values(objects).map((one) => [one.id, one["@odata.type"]]),
                [[callerId, "#microsoft.graph.servicePrincipal"]],
            );
        });

        it("need an application of the tenant", async () => {
            const appId = "11111111-2222-4333-8444-555555555555";
            await refused(400, "Request_BadRequest", "POST", "/servicePrincipals", { appId });
        });
    });

    it("names the tenant, and has no signed-in user", async () => {
        const [organization] = values(await done("GET", "/organization"));
        assert.strictEqual(organization.id, bench.directory.tenantId);
        await refused(400, "Request_BadRequest", "GET", "/me");
    });

    it("refuses a caller without a granted permission, even for its own application", async () => {
        const made = bench.directory.createServicePrincipal({ displayName: "ci", secret: true });
        const { body } = await bench.token({
            grant_type: "client_credentials",
            client_id: made.appId,
            client_secret: made.secret as string,
            scope: `${graph}/.default`,
        });
        const headers = { authorization: `Bearer ${String(body.access_token)}` };
        const ask = (method: string) =>
            bench.call(method, `${graph}/v1.0/applications(appId='${made.appId}')`, { headers });
        const principal = bench.directory.servicePrincipal(made.objectId);
        assert.ok(principal);
        for (const [rights, read, write] of [
            [[], 403, 403],
            [["Application.Read.All"], 200, 403],
            [["Application.ReadWrite.All"], 200, 204],
        ] as const) {
            principal.graphRights = rights;
            assert.deepStrictEqual(
                [(await ask("GET")).status, (await ask("DELETE")).status],
                [read, write],
            );
        }
        principal.graphRights = [];
        const { error } = (await ask("GET")).body as { error: Record<string, string> };
        assert.strictEqual(error.code, "Authorization_RequestDenied");
        assert.strictEqual(error.message, "Insufficient privileges to complete the operation.");
    });
});
