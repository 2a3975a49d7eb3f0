import * as assert from "assert";
import { assertStsError, EntraBench } from "../../test/support/entra";

const arm = "https://management.azure.com/.default";
const authority = "https://login.microsoftonline.com";

describe("Entra", () => {
    let bench: EntraBench;
    let good: Record<string, string>;

    before(async () => {
        bench = await EntraBench.create();
        const made = bench.directory.createServicePrincipal({ displayName: "one", secret: true });
        good = {
            grant_type: "client_credentials",
            client_id: made.appId,
            client_secret: made.secret as string,
            scope: arm,
        };
    });

    afterEach(() => bench.clock.setOffset(0));

    const tenant = (): string => bench.directory.tenantId;

    describe("refusals", () => {
        type Case = [string, Record<string, string | undefined>, number, string, number, RegExp];
        const id = "11111111-2222-4333-8444-555555555555";
        const cases: Case[] = [
            [
                "a wrong secret",
                { client_secret: "no" },
                401,
                "invalid_client",
                7000215,
                /Invalid client secret provided\. Ensure the secret being sent in the request is the client secret value/,
            ],
            [
                "an unknown application",
                { client_id: id },
                400,
                "unauthorized_client",
                700016,
                new RegExp(`Application with identifier '${id}' was not found in the directory`),
            ],
            [
                "a scope without .default",
                { scope: "https://management.azure.com/user_impersonation" },
                400,
                "invalid_scope",
                1002012,
                /must have a scope value with \/\.default suffixed/,
            ],
            [
                "two scopes",
                { scope: `${arm} https://graph.microsoft.com/.default` },
                400,
                "invalid_scope",
                70011,
                /'scope' is not valid/,
            ],
            [
                "an unknown resource",
                { scope: "https://nothing.example/.default" },
                400,
                "invalid_resource",
                500011,
                /The resource principal named https:\/\/nothing\.example was not found in the tenant/,
            ],
            [
                "a resource of another cloud",
                { scope: "https://management.chinacloudapi.cn/.default" },
                400,
                "invalid_resource",
                500011,
                /was not found in the tenant/,
            ],
            [
                "no secret",
                { client_secret: undefined },
                401,
                "invalid_client",
                7000216,
                /'client_assertion', 'client_secret' or 'request' is required/,
            ],
            [
                "no client ID",
                { client_id: undefined },
                400,
                "invalid_request",
                900144,
                /must contain the following parameter: 'client_id'/,
            ],
            [
                "no grant type",
                { grant_type: undefined },
                400,
                "invalid_request",
                900144,
                /'grant_type'/,
            ],
            ["no scope", { scope: undefined }, 400, "invalid_request", 900144, /'scope'/],
            [
                "a password grant",
                { grant_type: "password" },
                400,
                "unsupported_grant_type",
                70003,
                /unsupported grant type 'password'.*no users/,
            ],
            [
                "an authorization code",
                { grant_type: "authorization_code" },
                400,
                "unsupported_grant_type",
                70003,
                /authorization_code/,
            ],
        ];
        for (const [what, change, status, error, code, text] of cases) {
            it(`AADSTS${code} for ${what}`, async () => {
                const form = Object.entries({ ...good, ...change }).filter(
                    ([, v]) => v !== undefined,
                );
                const answer = await bench.token(
                    Object.fromEntries(form) as Record<string, string>,
                );
                assertStsError(answer, status, error, code, text);
                assert.ok(!JSON.stringify(answer).includes(good.client_secret), "secret told");
            });
        }

        it("AADSTS90002 for another tenant", async () => {
            const answer = await bench.token(good, id);
            assertStsError(
                answer,
                400,
                "invalid_request",
                90002,
                new RegExp(`Tenant '${id}' not found`),
            );
        });

        it("AADSTS70003 for a device code request", async () => {
            const answer = await bench.call("POST", `${authority}/common/oauth2/v2.0/devicecode`, {
                form: { client_id: id, scope: arm },
            });
            assertStsError(answer, 400, "unsupported_grant_type", 70003, /device_code/);
        });

        it("AADSTS7000222 for an expired secret", async () => {
            bench.clock.setOffset(3 * 366 * 86_400);
            assertStsError(await bench.token(good), 401, "invalid_client", 7000222, /are expired/);
        });

        it("AADSTS7000229 for an application without a service principal", async () => {
            const lone = bench.directory.addApplication(new Date().toISOString());
            const { secret } = bench.directory.addPassword(lone, {
                displayName: null,
                startDateTime: new Date(0).toISOString(),
                endDateTime: new Date(4e12).toISOString(),
            });
            const form = { ...good, client_id: lone.appId, client_secret: secret };
            const answer = await bench.token(form);
            assertStsError(answer, 401, "invalid_client", 7000229, /is missing service principal/);
        });

        it("repeat the client's correlation ID", async () => {
            const { body } = await bench.call(
                "POST",
                `${authority}/${tenant()}/oauth2/v2.0/token`,
                {
                    form: { ...good, client_secret: "no" },
                    headers: { "client-request-id": id },
                },
            );
            assert.strictEqual(body.correlation_id, id);
        });
    });
});
