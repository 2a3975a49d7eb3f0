import { execFile } from "child_process";
import * as paths from "path";
import { CheckReport } from "../../cli/check/report";
import { ProjectFolder, Raw } from "../unit/stacks/config/configSupport";
import { ArmWire, Login } from "./armWire";
import { runTypescript } from "../../scripts/lib/runTypescript";

const repository = paths.resolve(__dirname, "../..");

/** How `npm run check` ended. */
export interface Checked {
    readonly status: number;
    readonly out: string;
    readonly errors: string;
}

/** A project of its own whose stack is checked against an emulator, in a process without any other settings. */
export class CheckedProject extends ProjectFolder {
    constructor(private readonly wire: ArmWire) {
        super();
        this.write("Pulumi.yaml", "name: iot-x509\nruntime: nodejs\n");
        this.write("emulator-ca.pem", wire.azure.caPem);
    }

    /** The stack `trial`: settings without the program's namespace, as JSON, which is YAML. */
    settings(change: Raw = {}, native: Raw = {}): void {
        const own = { organization: "Contoso", location: "westeurope", ...change };
        const config = {
            ...named("iot-x509", own),
            ...named("azure-native", native),
        };
        this.write("Pulumi.trial.yaml", JSON.stringify({ config }));
    }

    /** @param login left out: the emulator's Owner */
    check(args: readonly string[], login?: Login, more: NodeJS.ProcessEnv = {}): Promise<Checked> {
        const { deployer, ports } = this.wire.azure.emulator;
        const env: NodeJS.ProcessEnv = {
            PATH: `${paths.dirname(process.execPath)}:/usr/bin:/bin`,
            HOME: this.path,
            TS_NODE_PROJECT: paths.join(repository, "tsconfig.json"),
            HTTPS_PROXY: `http://127.0.0.1:${ports.https}`,
            NODE_EXTRA_CA_CERTS: paths.join(this.path, "emulator-ca.pem"),
            ARM_CLIENT_ID: login?.appId ?? deployer.clientId,
            ARM_CLIENT_SECRET: login?.secret ?? deployer.clientSecret,
            ARM_TENANT_ID: deployer.tenantId,
            ARM_SUBSCRIPTION_ID: deployer.subscriptionId,
            ...more,
        };
        const program = [...runTypescript, paths.join(repository, "cli/check/main.ts"), ...args];
        return new Promise((resolve) => {
            execFile(process.execPath, program, { cwd: this.path, env }, (error, out, errors) =>
                resolve({ status: error === null ? 0 : Number(error.code), out, errors }),
            );
        });
    }

    async report(login?: Login, more?: NodeJS.ProcessEnv): Promise<CheckReport & Checked> {
        const checked = await this.check(["--stack", "trial", "--json"], login, more);
        if (checked.out === "") {
            throw new Error(`nothing was printed: ${checked.errors}`);
        }
        return { ...(JSON.parse(checked.out) as CheckReport), ...checked };
    }
}

function named(namespace: string, values: Raw): Raw {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [`${namespace}:${name}`, value]),
    );
}
