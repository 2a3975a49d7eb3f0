import * as assert from "assert";
import { createHash, createPrivateKey, randomUUID, X509Certificate } from "crypto";
import { decodeJwt, SignJWT } from "jose";
import { Application } from "../entra/model";
import { Answer, EntraBench, KeyPair, pemBody, selfSigned } from "../../test/support/entra";

const github = "https://token.actions.githubusercontent.com";
const exchange = "api://AzureADTokenExchange";
const subject = "repo:Contoso/fleet:environment:prod";
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

describe("Client assertions", () => {
    let bench: EntraBench;
    let application: Application;
    let registered: KeyPair;

    before(async () => {
        registered = selfSigned("client");
        bench = await EntraBench.create();
        const deployer = bench.directory.createServicePrincipal({
            displayName: "deployer",
            secret: true,
            graphRights: ["Application.ReadWrite.All"],
        });
        const made = bench.directory.createServicePrincipal({ displayName: "client" });
        application = bench.directory.applicationByAppId(made.appId) as Application;
        const { body } = await bench.token({
            grant_type: "client_credentials",
            client_id: deployer.appId,
            client_secret: deployer.secret as string,
            scope: "https://graph.microsoft.com/.default",
        });
        const graph = async (method: string, path: string, json: unknown): Promise<void> => {
            const address = `https://graph.microsoft.com/v1.0/applications/${application.id}${path}`;
            const headers = { authorization: `Bearer ${String(body.access_token)}` };
            const answer = await bench.call(method, address, { headers, json });
            assert.ok(answer.status < 300, JSON.stringify(answer.body));
        };
        const key = pemBody(registered.certificatePem);
        await graph("PATCH", "", {
            keyCredentials: [{ type: "AsymmetricX509Cert", usage: "Verify", key }],
        });
        await graph("POST", "/federatedIdentityCredentials", {
            name: "prod",
            issuer: github,
            subject,
            audiences: [exchange],
        });
    });

    afterEach(() => bench.clock.setOffset(0));

    function ask(assertion: string, clientId = application.appId): Promise<Answer> {
        return bench.token({
            grant_type: "client_credentials",
            client_id: clientId,
            client_assertion_type: jwtBearer,
            client_assertion: assertion,
            scope: "https://management.azure.com/.default",
        });
    }

    function assertRefused(answer: Answer, code: number, text: RegExp): void {
        assert.ok(answer.status >= 400, `status ${answer.status}`);
        assert.deepStrictEqual(answer.body.error_codes, [code], JSON.stringify(answer.body));
        assert.match(String(answer.body.error_description), text);
    }

    describe("with a certificate", () => {
        interface Wanted {
            readonly pair?: KeyPair;
            /** Whose thumbprint the header names. */
            readonly named?: KeyPair;
            readonly header?: "x5t" | "x5t#S256" | "none";
            readonly audience?: string;
            readonly subject?: string;
            readonly validFrom?: number;
        }

        function own(wanted: Wanted = {}): Promise<string> {
            const { pair = registered, named = pair, header = "x5t" } = wanted;
            const der = new X509Certificate(named.certificatePem).raw;
            const algorithm = header === "x5t" ? "sha1" : "sha256";
            const print = createHash(algorithm).update(der).digest("base64url");
            const from = wanted.validFrom ?? Math.floor(Date.now() / 1000);
            const endpoint = `https://login.microsoftonline.com/${bench.directory.tenantId}/oauth2/v2.0/token`;
            const alg = header === "x5t" ? "RS256" : "PS256";
            return new SignJWT({ jti: randomUUID() })
                .setProtectedHeader({ alg, ...(header === "none" ? {} : { [header]: print }) })
                .setIssuer(application.appId)
                .setSubject(wanted.subject ?? application.appId)
                .setAudience(wanted.audience ?? endpoint)
                .setNotBefore(from)
                .setExpirationTime(from + 600)
                .sign(createPrivateKey(pair.keyPem));
        }

        for (const header of ["x5t", "x5t#S256"] as const) {
            it(`are accepted with the thumbprint in ${header}`, async () => {
                const { status, body } = await ask(await own({ header }));
                assert.strictEqual(status, 200, JSON.stringify(body));
                const claims = decodeJwt(String(body.access_token));
                assert.deepStrictEqual([claims.appid, claims.appidacr], [application.appId, "2"]);
            });
        }

        it("are refused for a certificate that is not registered", async () => {
            const stranger = selfSigned("stranger");
            const { fingerprint } = new X509Certificate(stranger.certificatePem);
            const print = fingerprint.replace(/:/g, "");
            const text = new RegExp(
                `is not registered on application\\. \\[Reason - The key was not found\\., Thumbprint of key used by client: '${print}'`,
            );
            assertRefused(await ask(await own({ pair: stranger })), 700027, text);
        });

        it("are refused when another key signed", async () => {
            const forged = await own({ pair: selfSigned("forger"), named: registered });
            assertRefused(await ask(forged), 700027, /did not match the expected signature value/);
        });

        it("are refused without a thumbprint", async () => {
            const bare = await own({ header: "none" });
            assertRefused(await ask(bare), 50027, /No certificate thumbprint specified/);
        });

        it("are refused for another audience", async () => {
            const other = await own({ audience: "https://login.microsoftonline.com/other" });
            assertRefused(await ask(other), 700023, /audience claim does not match/);
        });

        it("are refused for another subject", async () => {
            assertRefused(await ask(await own({ subject: randomUUID() })), 700021, /'client_id'/);
        });

        it("are refused before and after their validity", async () => {
            const now = Math.floor(Date.now() / 1000);
            for (const validFrom of [now + 3600, now - 3600]) {
                const answer = await ask(await own({ validFrom }));
                assertRefused(answer, 700024, /not within its valid time range/);
            }
        });

        it("are refused once the certificate has expired", async () => {
            bench.clock.setOffset(40 * 86_400);
            const validFrom = Math.floor(bench.clock.now() / 1000);
            assertRefused(await ask(await own({ validFrom })), 700027, /The key used is expired/);
        });
    });

    describe("of an external issuer", () => {
        const issue = (change: { issuer?: string; subject?: string; audience?: string } = {}) =>
            bench.tokens.issueExternal({ issuer: github, subject, audience: exchange, ...change });

        it("are exchanged if a federated credential trusts them", async () => {
            const { status, body } = await ask(await issue());
            assert.strictEqual(status, 200, JSON.stringify(body));
            assert.strictEqual(decodeJwt(String(body.access_token)).appid, application.appId);
        });

        const other = "https://issuer.example";
        const cases: [string, Parameters<typeof issue>[0], number, string][] = [
            ["issuer", { issuer: other }, 700211, `issuer '${other}'`],
            ["subject", { subject: "repo:x/y:ref:z" }, 700213, "subject 'repo:x/y:ref:z'"],
            [
                "case of the subject",
                { subject: subject.toLowerCase() },
                7002138,
                "matches with case-insensitive comparison",
            ],
            ["audience", { audience: "api://other" }, 700212, "audience 'api://other'"],
        ];
        for (const [what, change, code, text] of cases) {
            it(`are refused with AADSTS${code} for another ${what}`, async () => {
                const answer = await ask(await issue(change));
                assertRefused(answer, code, /No matching federated identity record found/);
                assert.ok(String(answer.body.error_description).includes(text));
            });
        }

        it("are refused when another key signed", async () => {
            await issue();
            const forged = await new SignJWT({})
                .setProtectedHeader({ alg: "RS256" })
                .setIssuer(github)
                .setSubject(subject)
                .setAudience(exchange)
                .setExpirationTime("5m")
                .sign(createPrivateKey(registered.keyPem));
            assertRefused(await ask(forged), 700027, /invalid signature/);
        });

        it("are refused after their five minutes", async () => {
            const token = await issue();
            bench.clock.setOffset(1000);
            assertRefused(await ask(token), 700024, /not within its valid time range/);
        });

        it("are refused for an application without federated credentials", async () => {
            const { appId } = bench.directory.createServicePrincipal({ displayName: "plain" });
            const answer = await ask(await issue(), appId);
            assertRefused(answer, 70025, /no configured federated identity credentials/);
        });

        it("are refused if they are not a JWT", async () => {
            assertRefused(await ask("garbage"), 50027, /JWT token is invalid or malformed/);
        });
    });
});
