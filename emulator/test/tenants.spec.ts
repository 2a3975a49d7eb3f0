import * as assert from "assert";
import { ArmAnswer, ArmWire, codeOf, hubsOf, messageOf } from "../../test/support/armWire";

const version = "api-version=2022-12-01";
const armScope = "https://management.azure.com/.default";

/** Of another tenant's owner. */
interface Credentials {
    readonly tenantId: string;
    readonly subscriptionId: string;
    readonly clientId: string;
    readonly clientSecret: string;
}

describe("Other tenants and subscriptions of the emulator", function () {
    this.timeout(60_000);
    let wire: ArmWire;
    let other: Credentials;
    let theirs: string;

    before(async () => {
        wire = await ArmWire.start();
        other = await wire.azure.manage<Credentials>("POST", "/tenants");
        theirs = await tokenOf(other);
    });

    after(() => wire.stop());

    function signIn(login: Credentials, tenantId: string, scope = armScope): Promise<ArmAnswer> {
        const form = new URLSearchParams({
            grant_type: "client_credentials",
            client_id: login.clientId,
            client_secret: login.clientSecret,
            scope,
        });
        return wire.raw("POST", `/${tenantId}/oauth2/v2.0/token`, {
            host: "login.microsoftonline.com",
            token: null,
            headers: { "content-type": "application/x-www-form-urlencoded" },
            body: form.toString(),
        });
    }

    async function tokenOf(login: Credentials, scope?: string): Promise<string> {
        const { body } = await signIn(login, login.tenantId, scope);
        return String(body.access_token);
    }

    const get = (path: string, token?: string) => wire.raw("GET", `${path}?${version}`, { token });
    const ids = ({ body }: ArmAnswer, key: string) =>
        (body.value as Record<string, string>[]).map((one) => one[key]);

    it("a token shows its own tenant and the subscriptions in it", async () => {
        assert.deepEqual(ids(await get("/tenants", theirs), "tenantId"), [other.tenantId]);
        assert.deepEqual(ids(await get("/subscriptions", theirs), "subscriptionId"), [
            other.subscriptionId,
        ]);
        const { body } = await get(`/subscriptions/${other.subscriptionId}`, theirs);
        assert.equal(body.tenantId, other.tenantId);
        assert.ok(
            !ids(await get("/subscriptions"), "subscriptionId").includes(other.subscriptionId),
        );
    });

    it("a subscription refuses another tenant's token with 401, naming both tenants", async () => {
        const answer = await get(wire.subscription, theirs);
        assert.equal(answer.status, 401);
        assert.equal(codeOf(answer), "InvalidAuthenticationTokenTenant");
        const home = wire.azure.emulator.deployer.tenantId;
        assert.match(
            messageOf(answer),
            new RegExp(
                `from the wrong issuer 'https://sts.windows.net/${other.tenantId}/'. It must match the tenant ` +
                    `'https://sts.windows.net/${home}/' associated with this subscription`,
            ),
        );
        assert.equal((await get(`/subscriptions/${other.subscriptionId}`)).status, 401);
    });

    it("an application can sign in only to its own tenant", async () => {
        const { status, body } = await signIn(other, wire.azure.emulator.deployer.tenantId);
        assert.equal(status, 400);
        assert.match(String(body.error_description), /^AADSTS700016: /);
    });

    it("a hub accepts the tokens of its subscription's tenant", async () => {
        await wire.makeHub("mine", "tenant-hub");
        const token = await tokenOf(other, "https://iothubs.azure.net/.default");
        const answer = await wire.raw("GET", "/devices?api-version=2021-04-12", {
            host: "tenant-hub.azure-devices.net",
            token,
        });
        assert.equal(answer.status, 401);
        assert.match(
            JSON.stringify(answer.body),
            /ErrorCode:IotHubUnauthorizedAccess;Unauthorized/,
        );
    });

    it("another subscription of the tenant has its own groups and hubs", async () => {
        const { subscriptionId } = await wire.azure.manage<{ subscriptionId: string }>(
            "POST",
            "/subscriptions",
        );
        const group = `/subscriptions/${subscriptionId}/resourceGroups/mine`;
        const made = await wire.raw("PUT", `${group}?api-version=2021-04-01`, {
            body: { location: "westeurope" },
        });
        assert.equal(made.status, 201);
        assert.equal(made.body.id, group);
        const hub = await wire.raw("GET", `${group}/${hubsOf}/tenant-hub?api-version=2023-06-30`);
        assert.deepEqual([hub.status, codeOf(hub)], [404, "ResourceNotFound"]);
        assert.ok(ids(await get("/subscriptions"), "subscriptionId").includes(subscriptionId));
    });
});
