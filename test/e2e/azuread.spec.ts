import * as assert from "assert";
import { execFile } from "child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { ClientAssertionCredential } from "@azure/identity";
import { shared } from "../support/emulator";
import { Engine, requirePulumi } from "../support/tools";

const github = "https://token.actions.githubusercontent.com";
const exchange = "api://AzureADTokenExchange";
const armScope = "https://management.azure.com/.default";

/** What the program below declares; the subject of the federated credential comes from the environment. */
const program = `
const azuread = require("@pulumi/azuread");
const who = azuread.getClientConfigOutput();
const app = new azuread.Application("ci", { displayName: "ci" });
const principal = new azuread.ServicePrincipal("ci", { clientId: app.clientId });
new azuread.ApplicationFederatedIdentityCredential("ci", {
    applicationId: app.id,
    displayName: "main",
    issuer: "${github}",
    subject: process.env.SUBJECT,
    audiences: ["${exchange}"],
});
module.exports = {
    clientId: principal.clientId,
    callerAppId: who.clientId,
    tenantId: who.tenantId,
};
`;

interface Outputs {
    readonly clientId: string;
    readonly callerAppId: string;
    readonly tenantId: string;
}

interface Resource {
    readonly type: string;
}

describe("The azuread plugin and the Pulumi CLI", function () {
    this.timeout(300_000);
    const main = "repo:contoso/fleet:ref:refs/heads/main";
    const production = "repo:contoso/fleet:environment:prod";
    let toolchain: Engine;
    let folder: string;

    before(function () {
        toolchain = requirePulumi(this);
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-azuread-"));
        mkdirSync(path.join(folder, "state"));
        writeFileSync(path.join(folder, "Pulumi.yaml"), "name: azuread-test\nruntime: nodejs\n");
        writeFileSync(path.join(folder, "package.json"), '{"name":"p","main":"index.js"}');
        writeFileSync(path.join(folder, "index.js"), program);
        const modules = path.resolve(__dirname, "../../node_modules");
        symlinkSync(modules, path.join(folder, "node_modules"));
    });

    after(() => {
        if (folder !== undefined) {
            rmSync(folder, { recursive: true, force: true });
        }
    });

    async function pulumi(subject: string, ...args: string[]): Promise<string> {
        const env = {
            ...process.env,
            PATH: `${path.dirname(toolchain.cli)}${path.delimiter}${process.env.PATH}`,
            PULUMI_HOME: toolchain.pulumiHome,
            PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            SUBJECT: subject,
        };
        const flags = ["--non-interactive", "--color", "never", "--stack", "test"];
        const { stdout } = await promisify(execFile)(toolchain.cli, [...args, ...flags], {
            cwd: folder,
            env,
            maxBuffer: 64 * 1024 * 1024,
        });
        return stdout;
    }

    async function outputs(): Promise<Outputs> {
        return JSON.parse(
            await pulumi(main, "stack", "output", "--json", "--show-secrets"),
        ) as Outputs;
    }

    async function signInAsWorkflow(subject: string, of?: Outputs): Promise<void> {
        const { manage } = shared();
        const { clientId, tenantId } = of ?? (await outputs());
        const external = async (): Promise<string> => {
            const wanted = { issuer: github, subject, audience: exchange };
            return (await manage<{ token: string }>("POST", "/oidc-token", wanted)).token;
        };
        await new ClientAssertionCredential(tenantId, clientId, external).getToken(armScope);
    }

    it("creates an application that can sign in immediately", async () => {
        await pulumi(main, "stack", "init");
        await pulumi(main, "up", "--yes", "--skip-preview");
        const made = await outputs();
        assert.strictEqual(made.callerAppId, process.env.ARM_CLIENT_ID);
        assert.strictEqual(made.tenantId, process.env.ARM_TENANT_ID);
        await signInAsWorkflow(main);
    });

    it("sees no change in a second preview, after a refresh", async () => {
        await pulumi(main, "preview", "--refresh", "--expect-no-changes");
    });

    it("changes whom the application trusts", async () => {
        await assert.rejects(signInAsWorkflow(production), /AADSTS700213/);
        await pulumi(production, "up", "--yes", "--skip-preview");
        await signInAsWorkflow(production);
        await assert.rejects(signInAsWorkflow(main), /AADSTS700213/);
    });

    it("leaves nothing behind", async () => {
        const made = await outputs();
        await pulumi(main, "destroy", "--yes", "--skip-preview");
        const state = JSON.parse(await pulumi(main, "stack", "export")) as {
            deployment: { resources?: Resource[] };
        };
        const left = state.deployment.resources ?? [];
        assert.deepStrictEqual(
            left.map(({ type }) => type),
            [],
        );
        await assert.rejects(signInAsWorkflow(production, made), /AADSTS700016/);
    });
});
