import { strict as assert } from "assert";
import { execFile } from "child_process";
import { createServer, Server } from "net";
import * as path from "path";
import { promisify } from "util";
import { AzureClient } from "../../../../components/azure/client";
import { causeAndRemedy } from "../../../../components/azure/errorWords";

const token = {
    getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
};

/** A process that gets no connection, and nothing else to do then. */
function failsAndEnds(port: number): Promise<{ readonly stdout: string }> {
    const code = `
        const { AzureClient } = require("./components/azure/client");
        const token = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 1e7 }) };
        const url = "https://127.0.0.1:${port}/x";
        new AzureClient(token, "scope")
            .send({ method: "GET", url, expect: [200] })
            .catch(() => console.log("failed"));
    `;
    return promisify(execFile)(
        process.execPath,
        ["-r", "ts-node/register/transpile-only", "-e", code],
        { cwd: path.resolve(__dirname, "../../../.."), timeout: 60_000 },
    );
}

describe("errors of Azure in words", () => {
    // As azure-native 3.28.0, @azure/identity 4.13.1, the az CLI and Node.js word them.
    const cases: readonly [string, string, RegExp][] = [
        [
            "a wrong secret",
            "invalid_client: Error(s): 7000215 - Description: AADSTS7000215: Invalid client secret provided. Trace ID: 1",
            /^Entra rejects the service principal's secret: set ARM_CLIENT_SECRET .*\(AADSTS7000215\)$/,
        ],
        [
            "a wrong tenant",
            "AADSTS90002: Tenant '0' not found. Check to make sure you have the correct tenant ID",
            /^Entra does not find this tenant: set ARM_TENANT_ID/,
        ],
        [
            "no login",
            "CredentialUnavailableError: Please run 'az login' from a command prompt to authenticate",
            /^nobody is logged in to Azure: run `az login`/,
        ],
        [
            "no az",
            "invocation of azure-native:authorization:getClientConfig returned an error: spawn az ENOENT",
            /^nobody is logged in to Azure/,
        ],
        [
            "no network, in Go's words",
            'Get "https://login.microsoftonline.com/x": dial tcp: lookup login.microsoftonline.com: no such host',
            /^no connection: check this machine's network/,
        ],
        [
            "no network, in MSAL's words",
            "network_error: See https://aka.ms/msal.js",
            /^no connection/,
        ],
    ];
    for (const [what, text, words] of cases) {
        it(`${what}: cause and remedy in one clause`, () => {
            assert.match(causeAndRemedy(text) ?? "", words);
        });
    }

    it("adds nothing to an unknown error", () => {
        assert.equal(causeAndRemedy("the moon is full"), undefined);
    });

    describe("of a server that ends each connection", function () {
        this.timeout(120_000);
        let server: Server;
        let child: Promise<{ readonly stdout: string }>;

        before((done) => {
            server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1", () => {
                // Beside the other test, because its retries take their time.
                child = failsAndEnds((server.address() as { port: number }).port);
                child.catch(() => undefined);
                done();
            });
        });

        after((done) => void server.close(done));

        it("name the host, not a bare hang-up", async () => {
            const { port } = server.address() as { port: number };
            const url = `https://127.0.0.1:${port}/x`;
            const client = new AzureClient(token, "scope");
            await assert.rejects(
                client.send({ method: "GET", url, expect: [200] }),
                new RegExp(`127\\.0\\.0\\.1:${port}: no connection: check this machine's network`),
            );
        });

        it("keep no process from ending by itself", async () => {
            const { stdout } = await child;
            assert.equal(stdout, "failed\n");
        });
    });
});
