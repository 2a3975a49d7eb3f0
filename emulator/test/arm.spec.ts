import { deepStrictEqual, match, strictEqual } from "assert";
import { randomUUID } from "crypto";
import { Snapshot } from "../snapshot";
import { ArmAnswer, ArmWire, codeOf, hubsOf, messageOf, until } from "../../test/support/armWire";
import { startPrivate } from "../../test/support/emulator";
import { OpenSsl } from "../../test/support/openssl";

const westEurope = { location: "westeurope" };
const hubBody = { ...westEurope, sku: { name: "S1", capacity: 1 } };

describe("Azure Resource Manager of the emulator", function () {
    this.timeout(30_000);
    let wire: ArmWire;

    before(async () => {
        wire = await ArmWire.start();
    });

    after(() => wire.stop());

    describe("tokens and API versions", () => {
        it("a missing api-version is the first thing refused", async () => {
            const answer = await wire.raw("GET", wire.subscription);
            strictEqual(answer.status, 400);
            strictEqual(codeOf(answer), "MissingApiVersionParameter");
        });

        it("no token: 401 with a challenge that names the authority", async () => {
            const answer = await wire.arm("GET", "", { token: null });
            strictEqual(answer.status, 401);
            match(
                answer.headers["www-authenticate"] as string,
                /^Bearer authorization_uri="https:\/\/login\.windows\.net\/[0-9a-f-]{36}"/,
            );
        });

        it("a token for the data plane: 401 InvalidAuthenticationTokenAudience", async () => {
            const token = await wire.ownerToken("https://iothubs.azure.net/.default");
            const answer = await wire.arm("GET", "", { token });
            strictEqual(answer.status, 401);
            strictEqual(codeOf(answer), "InvalidAuthenticationTokenAudience");
        });

        it("accepts a token for the classic management endpoint", async () => {
            const token = await wire.ownerToken("https://management.core.windows.net//.default");
            strictEqual((await wire.arm("GET", "", { token })).status, 200);
        });

        it("a version that Microsoft.Devices does not have: 400 with the list of those it has", async () => {
            const answer = await wire.arm("GET", `/${hubsOf}?api-version=2015-08-15-preview`);
            strictEqual(answer.status, 400);
            strictEqual(codeOf(answer), "NoRegisteredProviderFound");
            match(
                messageOf(answer),
                /API version '2015-08-15-preview' for type 'IotHubs'.*2023-06-30/,
            );
        });

        it("another subscription: 404 SubscriptionNotFound", async () => {
            const path = `/subscriptions/${randomUUID()}?api-version=2022-12-01`;
            const answer = await wire.raw("GET", path);
            strictEqual(answer.status, 404);
            strictEqual(codeOf(answer), "SubscriptionNotFound");
        });

        it("what it does not emulate: 501", async () => {
            const answer = await wire.arm("GET", "/providers/Microsoft.Compute/virtualMachines");
            strictEqual(answer.status, 501);
        });
    });

    describe("resource groups", () => {
        it("exist from PUT to DELETE, and their hubs are deleted with them", async () => {
            const made = await wire.arm("PUT", "/resourceGroups/Cascade", { body: westEurope });
            strictEqual(made.status, 201);
            strictEqual(made.body.name, "Cascade");
            strictEqual((await wire.arm("HEAD", "/resourcegroups/cascade")).status, 204);
            strictEqual((await wire.arm("HEAD", "/resourcegroups/other")).status, 404);
            await wire.makeHub("cascade", "cascade-hub");
            const resources = await wire.arm("GET", "/resourceGroups/CASCADE/resources");
            deepStrictEqual(
                (resources.body.value as { name: string; id: string }[]).map(({ id }) => id),
                [`${wire.subscription}/resourceGroups/Cascade/${hubsOf}/cascade-hub`],
            );
            const moved = await wire.arm("PUT", "/resourceGroups/cascade", {
                body: { location: "northeurope" },
            });
            strictEqual(codeOf(moved), "InvalidResourceGroupLocation");

            const gone = await wire.arm("DELETE", "/resourceGroups/cascade");
            strictEqual(gone.status, 202);
            const location = new URL(gone.headers.location as string);
            const poll = (): Promise<ArmAnswer> =>
                wire.raw("GET", location.pathname + location.search);
            strictEqual((await poll()).status, 202);
            await until(async () => (await poll()).status === 200);
            strictEqual(
                codeOf(await wire.arm("GET", "/resourceGroups/cascade")),
                "ResourceGroupNotFound",
            );
            const left = (await wire.arm("GET", `/${hubsOf}`)).body.value as { name: string }[];
            strictEqual(
                left.some(({ name }) => name === "cascade-hub"),
                false,
            );
        });
    });

    describe("asynchronous operations", () => {
        it("take settings.activationSeconds; a hub being created accepts no change", async () => {
            await wire.azure.manage("PATCH", "/settings", { activationSeconds: 0.6 });
            await wire.arm("PUT", "/resourceGroups/slow", { body: westEurope });
            const path = `/resourceGroups/slow/${hubsOf}/slow-hub`;
            const started = Date.now();
            const made = await wire.arm("PUT", path, { body: hubBody });
            const url = new URL(made.headers["azure-asyncoperation"] as string);
            const poll = async (): Promise<unknown> =>
                (await wire.raw("GET", url.pathname + url.search)).body;
            deepStrictEqual(await poll(), { status: "Running" });
            const change = await wire.arm("PATCH", path, { body: { tags: {} } });
            strictEqual(change.status, 409);
            await until(async () => ((await poll()) as { status: string }).status === "Succeeded");
            strictEqual(Date.now() - started >= 600, true);
            await wire.azure.manage("PATCH", "/settings", { activationSeconds: 0.05 });
            await wire.arm("DELETE", "/resourceGroups/slow");
        });
    });

    it("a page has as many items as $top says, and a link to the next", async () => {
        await wire.makeHub("paged", "paged-hub-1");
        await wire.makeHub("paged", "paged-hub-2");
        const first = await wire.arm("GET", `/resourceGroups/paged/${hubsOf}?$top=1`);
        const names = ({ body }: ArmAnswer): string[] =>
            (body.value as { name: string }[]).map(({ name }) => name);
        deepStrictEqual(names(first), ["paged-hub-1"]);
        const next = new URL(first.body.nextLink as string);
        const second = await wire.raw("GET", next.pathname + next.search);
        deepStrictEqual(names(second), ["paged-hub-2"]);
        strictEqual(second.body.nextLink, undefined);
        await wire.arm("DELETE", "/resourceGroups/paged");
    });

    it("another cloud has its own regions and host names, and shows only its own hubs", async () => {
        const host = "management.usgovcloudapi.net";
        const scope = `https://${host}/.default`;
        const token = await wire.ownerToken(scope, "login.microsoftonline.us");
        const inGov = { host, token };
        await wire.arm("PUT", "/resourceGroups/gov", { body: westEurope });
        const path = `/resourceGroups/gov/${hubsOf}/gov-hub`;
        const far = await wire.arm("PUT", path, { ...inGov, body: hubBody });
        strictEqual(codeOf(far), "LocationNotAvailableForResourceType");
        const body = { ...hubBody, location: "usgovvirginia" };
        strictEqual((await wire.arm("PUT", path, { ...inGov, body })).status, 201);
        await until(async () => {
            const { properties } = (await wire.arm("GET", path, inGov)).body;
            return (properties as { hostName?: string }).hostName === "gov-hub.azure-devices.us";
        });
        strictEqual((await wire.arm("GET", path)).status, 404);
        strictEqual((await wire.arm("GET", path, { host })).status, 401);
        await wire.arm("DELETE", "/resourceGroups/gov");
    });

    it("keeps groups, hubs, certificates and roles across a restart", async () => {
        const openssl = await OpenSsl.create();
        const { certificate } = await openssl.selfSigned("Kept CA");
        await openssl.remove();
        await wire.makeHub("kept", "kept-hub");
        const path = `/resourceGroups/kept/${hubsOf}/kept-hub`;
        const upload = { certificate: Buffer.from(certificate).toString("base64") };
        await wire.arm("PUT", `${path}/certificates/kept`, { body: { properties: upload } });
        const paths = ["", "/certificates", "/skus"].map((suffix) => path + suffix);
        const before = await Promise.all(paths.map((one) => wire.arm("GET", one)));
        const text = JSON.stringify(wire.azure.emulator.snapshot());
        const again = await ArmWire.start(
            await startPrivate({ snapshot: JSON.parse(text) as Snapshot }),
        );
        try {
            const after = await Promise.all(paths.map((one) => again.arm("GET", one)));
            deepStrictEqual(
                after.map(({ body }) => body),
                before.map(({ body }) => body),
            );
        } finally {
            await again.stop();
        }
    });
});
