import * as assert from "assert";
import { generateKeyPairSync } from "crypto";
import { decodeJwt, SignJWT, UnsecuredJWT } from "jose";
import { clouds } from "../core/clouds";
import { challenge, unauthorized } from "../entra/challenge";
import { Directory } from "../entra/directory";
import { audiencesOf } from "../entra/resources";
import { TokenProblem, Tokens } from "../entra/tokens";
import { EntraBench } from "../../test/support/entra";

const arm = "https://management.azure.com/.default";

describe("Access tokens, checked", () => {
    let bench: EntraBench;
    let good: Record<string, string>;
    let objectId: string;

    before(async () => {
        bench = await EntraBench.create();
        const made = bench.directory.createServicePrincipal({ displayName: "one", secret: true });
        objectId = made.objectId;
        good = {
            grant_type: "client_credentials",
            client_id: made.appId,
            client_secret: made.secret as string,
            scope: arm,
        };
    });

    afterEach(() => bench.clock.setOffset(0));

    const tenant = (): string => bench.directory.tenantId;
    const [azure] = clouds;
    const forArm = audiencesOf("arm", azure);

    async function bearer(scope = arm): Promise<string> {
        const { body } = await bench.token({ ...good, scope });
        return `Bearer ${String(body.access_token)}`;
    }

    async function refused(header: string | undefined, code: string): Promise<TokenProblem> {
        const problem = await bench.tokens.verify(header, forArm).then(
            () => assert.fail("accepted"),
            (error: unknown) => error,
        );
        assert.ok(problem instanceof TokenProblem, String(problem));
        assert.strictEqual(problem.code, code);
        return problem;
    }

    it("identify the caller under every name of Resource Manager", async () => {
        for (const scope of [
            arm,
            "https://management.azure.com//.default",
            "https://management.core.windows.net//.default",
        ]) {
            assert.deepStrictEqual(await bench.tokens.verify(await bearer(scope), forArm), {
                tenantId: tenant(),
                objectId,
                appId: good.client_id,
            });
        }
    });

    it("expire by the emulator's clock", async () => {
        const header = await bearer();
        bench.clock.setOffset(3590);
        await bench.tokens.verify(header, forArm);
        bench.clock.setOffset(3610);
        const problem = await refused(header, "ExpiredAuthenticationToken");
        assert.match(
            problem.description,
            /^The access token expiry UTC time '\d+\/\d+\/\d{4} \d+:\d\d:\d\d [AP]M' is earlier than current UTC time/,
        );
    });

    it("are refused for another audience", async () => {
        const header = await bearer("https://graph.microsoft.com/.default");
        const problem = await refused(header, "InvalidAuthenticationTokenAudience");
        assert.match(
            problem.description,
            /wrong audience or resource 'https:\/\/graph\.microsoft\.com'/,
        );
    });

    it("are refused if missing or of another scheme", async () => {
        await refused(undefined, "AuthenticationFailed");
        await refused("Basic YTpi", "AuthenticationFailed");
        await refused("Bearer not-a-token", "InvalidAuthenticationToken");
    });

    it("are refused if changed, unsigned or signed with another key", async () => {
        const [, token] = (await bearer()).split(" ");
        const [header, , signature] = token.split(".");
        const claims = decodeJwt(token);
        const other = Buffer.from(JSON.stringify({ ...claims, oid: "x" })).toString("base64url");
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        const forged = await new SignJWT(claims)
            .setProtectedHeader({ alg: "RS256" })
            .sign(privateKey);
        for (const bad of [
            `${header}.${other}.${signature}`,
            new UnsecuredJWT(claims).encode(),
            forged,
        ]) {
            await refused(`Bearer ${bad}`, "InvalidAuthenticationToken");
        }
    });

    it("are refused from another tenant with the same key", async () => {
        const elsewhere = new Directory();
        const tokens = await Tokens.create(bench.clock, elsewhere, bench.tokens.snapshot());
        const { appId } = elsewhere.createServicePrincipal({ displayName: "stranger" });
        const principal = elsewhere.servicePrincipalByAppId(appId);
        assert.ok(principal);
        const audience = "https://management.azure.com";
        const token = await tokens.issue({
            principal,
            tenantId: elsewhere.tenantId,
            audience,
            cloud: azure,
            proof: "secret",
        });
        await refused(`Bearer ${token}`, "InvalidAuthenticationTokenTenant");
    });

    it("a 401 names the authority that issues tokens", async () => {
        const problem = await refused(undefined, "AuthenticationFailed");
        const reply = unauthorized(problem, azure);
        assert.strictEqual(reply.status, 401);
        assert.strictEqual(
            reply.headers?.["www-authenticate"],
            `Bearer authorization_uri="https://login.windows.net/${tenant()}", error="invalid_token", ` +
                `error_description="Authentication failed. The 'Authorization' header is missing."`,
        );
        assert.deepStrictEqual(reply.body, {
            error: { code: "AuthenticationFailed", message: problem.description },
        });
        assert.match(challenge(problem, clouds[1]), /"https:\/\/login\.microsoftonline\.us\//);
    });

    it("keeps applications, secrets and keys across a restart", async () => {
        const { body } = await bench.token(good);
        const state = JSON.parse(
            JSON.stringify({
                directory: bench.directory.snapshot(),
                tokens: bench.tokens.snapshot(),
            }),
        );
        assert.ok(
            !JSON.stringify(state.directory).includes(good.client_secret),
            "secret kept in clear",
        );
        const later = await EntraBench.create();
        later.directory.restore(state.directory);
        const tokens = await Tokens.create(later.clock, later.directory, state.tokens);
        const header = `Bearer ${String(body.access_token)}`;
        const principal = await tokens.verify(header, audiencesOf("arm", clouds[0]));
        assert.strictEqual(principal.objectId, objectId);
        assert.strictEqual((await later.token(good)).status, 200);
    });
});
