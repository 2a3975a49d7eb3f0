import * as assert from "assert";
import { execFile } from "child_process";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { shared } from "../support/emulator";
import { requirePulumi } from "../support/tools";

/** What the CLI says, with the environment changed; undefined removes a variable. */
interface Case {
    readonly what: string;
    readonly changes: (
        environment: NodeJS.ProcessEnv,
    ) => NodeJS.ProcessEnv | Promise<NodeJS.ProcessEnv>;
    readonly says: RegExp;
}

const unlogged = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
    Object.fromEntries(
        Object.keys(environment)
            .filter((name) => /^(ARM|AZURE)_/.test(name))
            .map((name) => [name, undefined]),
    );

const cases: readonly Case[] = [
    {
        what: "a wrong secret",
        changes: () => ({ ARM_CLIENT_SECRET: "wrong" }),
        says: /error: sign-in to Azure: Entra rejects the service principal's secret: set ARM_CLIENT_SECRET/,
    },
    {
        what: "a wrong tenant",
        changes: () => ({ ARM_TENANT_ID: "00000000-0000-0000-0000-000000000009" }),
        says: /error: sign-in to Azure: Entra does not find this tenant: set ARM_TENANT_ID/,
    },
    {
        what: "a login of another tenant",
        changes: async () => {
            const other = await shared().manage<Record<string, string>>("POST", "/tenants");
            return {
                ARM_CLIENT_ID: other.clientId,
                ARM_CLIENT_SECRET: other.clientSecret,
                ARM_TENANT_ID: other.tenantId,
            };
        },
        says: /error: sign-in to Azure: GET management\.azure\.com\/subscriptions\/.*InvalidAuthenticationTokenTenant: .* — the login belongs to another tenant/,
    },
    {
        what: "a subscription that nobody knows",
        changes: () => ({ ARM_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000009" }),
        says: /error: sign-in to Azure: .*SubscriptionNotFound: .* — this login cannot see the subscription/,
    },
    {
        what: "no login",
        changes: (environment) => ({ ...unlogged(environment), PATH: "/usr/bin:/bin" }),
        says: /error: sign-in to Azure: nobody is logged in to Azure: run `az login`/,
    },
    {
        what: "no network",
        changes: () => ({ HTTPS_PROXY: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1" }),
        says: /error: sign-in to Azure: no connection: check this machine's network/,
    },
];

describe("a run that cannot sign in says why, in one sentence", function () {
    this.timeout(120_000);
    let toolchain: ReturnType<typeof requirePulumi>;
    let project: ProjectCopy;

    before(async function () {
        toolchain = requirePulumi(this);
        project = ProjectCopy.make({
            environment: process.env,
            pulumiHome: toolchain.pulumiHome,
        });
        await project.stack("dev");
    });

    after(() => project?.remove());

    for (const { what, changes, says } of cases) {
        it(`${what}: cause and remedy, no stack trace`, async () => {
            const { environment } = project;
            const node = process.execPath.replace(/\/node$/, "");
            const changed = await changes(environment);
            const { status, output } = await new Promise<{ status: unknown; output: string }>(
                (resolve) =>
                    execFile(
                        toolchain.cli,
                        ["preview", "--stack", "dev", "--non-interactive", "--color", "never"],
                        {
                            cwd: project.folder,
                            env: {
                                ...environment,
                                ...changed,
                                PATH: `${toolchain.cli.replace(/\/pulumi$/, "")}:${node}:${changed.PATH ?? environment.PATH}`,
                            },
                        },
                        (error, stdout, stderr) =>
                            resolve({ status: error?.code ?? 0, output: stdout + stderr }),
                    ),
            );
            assert.notStrictEqual(status, 0);
            assert.match(output, says);
            assert.doesNotMatch(output, /unhandled exception|^ +at |Trace ID|c2VjcmV0/m);
        });
    }
});
