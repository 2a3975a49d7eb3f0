import { execFile } from "child_process";
import { readFileSync } from "fs";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { Stack } from "@pulumi/pulumi/automation";
import { Registry, Twin } from "azure-iothub";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { armRequest, iotHubClient } from "./iotHubClient";
import { PerState } from "./perState";
import { requirePulumi } from "./tools";

export interface DeviceOutput {
    readonly connectionString: string;
    /** PEM of the leaf. */
    readonly certificate: string;
    /** PEM, leaf first. */
    readonly chain: string;
    readonly privateKey: string;
    readonly notAfter: string;
}

export interface StackOutputs {
    readonly resourceGroupName: string;
    readonly hub: { readonly name: string; readonly hostName: string; readonly id: string };
    readonly devices: Readonly<Record<string, DeviceOutput>>;
    readonly trusted: Readonly<Record<string, { readonly certificateName: string }>>;
    readonly ciClientId: string;
}

/** The settings of a stack, without the program's namespace. */
export interface StackSettings {
    hub: Record<string, unknown>;
    groups: Record<string, Record<string, unknown>>;
    devices: Record<string, unknown>[];
    [name: string]: unknown;
}

/** How the hub recognises a device: azure-iothub's own type leaves `type` out. */
export interface HubAuthentication {
    readonly type: string;
    readonly x509Thumbprint?: {
        readonly primaryThumbprint?: string | null;
        readonly secondaryThumbprint?: string | null;
    };
}

/** A CA certificate on a hub, as ARM shows it. */
export interface HubCa {
    readonly name: string;
    readonly etag: string;
    readonly thumbprint: string;
    readonly isVerified: boolean;
    /** Base64. */
    readonly certificate: string;
}

/** The file of a stack in a file backend. */
interface StateFile {
    readonly checkpoint: {
        readonly latest?: {
            readonly resources?: readonly { type: string; outputs?: Partial<StackOutputs> }[];
        };
    };
}

const namespace = "iot-x509:";
const largestOutput = 64 * 1024 * 1024;

/** The program deployed by the real CLI, and Azure's own clients to see what came of it. */
export class Deployment {
    /** The outputs as text. */
    private readonly shown = new PerState<Promise<string>>();

    private constructor(
        readonly name: string,
        readonly project: ProjectCopy,
        readonly stack: Stack,
        readonly arm: IotHubClient,
    ) {}

    /**
     * @param environment variables beside those of the test run, e.g. of another principal
     */
    static async make(
        context: Mocha.Context,
        name: string,
        settings: Partial<StackSettings>,
        environment: NodeJS.ProcessEnv = {},
    ): Promise<Deployment> {
        const { pulumiHome } = requirePulumi(context);
        const project = ProjectCopy.make({
            environment: { ...process.env, ...environment },
            pulumiHome,
        });
        // Many tests look at what happens to devices that are cut off; the gate before it has tests of its own.
        const own = { hub: { prefix: name }, rollover: { accept: 1000 }, ...settings };
        change(project, name, (present) => Object.assign(present, own));
        return new Deployment(name, project, await project.stack(name), iotHubClient());
    }

    /** The variables that the CLI and its plugins are given; may be changed for the next run. */
    get variables(): Record<string, string> {
        return this.stack.workspace.envVars;
    }

    change(edit: (settings: StackSettings) => void): void {
        change(this.project, this.name, edit);
    }

    /** The settings of one device. */
    changeDevice(id: string, changes: Record<string, unknown>): void {
        this.change(({ devices }) =>
            Object.assign(devices.find((device) => device.id === id) ?? {}, changes),
        );
    }

    /**
     * One command: the Automation API's `up` asks for outputs and history with three more.
     *
     * @param more options of the command
     * @returns what the run printed
     */
    up(...more: readonly string[]): Promise<string> {
        return this.pulumi("up", "--yes", "--skip-preview", "--color", "never", ...more);
    }

    /** Runs a command of the CLI on the stack. @throws Error with all that was printed */
    pulumi(...args: readonly string[]): Promise<string> {
        const { workspace, name } = this.stack;
        const { command } = workspace.pulumiCommand;
        const options = {
            cwd: workspace.workDir,
            env: { ...process.env, ...workspace.envVars, PULUMI_HOME: workspace.pulumiHome },
            maxBuffer: largestOutput,
        };
        const all = [...args, "--stack", name, "--non-interactive"];
        return new Promise((resolve, reject) => {
            execFile(command, all, options, (error, stdout, stderr) =>
                error === null
                    ? resolve(stdout)
                    : reject(new Error(`${error.message}\n${stdout}\n${stderr}`)),
            );
        });
    }

    /** The same stack under another name. */
    async renamed(name: string): Promise<Deployment> {
        await this.pulumi("stack", "rename", name);
        const stack = await this.project.stack(name);
        Object.assign(stack.workspace.envVars, this.variables);
        return new Deployment(name, this.project, stack, this.arm);
    }

    /**
     * What a preview would do, e.g. `create DeviceIdentity pump-01`, sorted. Left out is what stays the same, and the
     * engine's own default providers, which carry the stack's configuration.
     */
    async plan(): Promise<string[]> {
        const steps: string[] = [];
        await this.stack.preview({
            onEvent: ({ resourcePreEvent }) => {
                const { op = "same", type = "", urn = "" } = resourcePreEvent?.metadata ?? {};
                if (op !== "same" && !type.startsWith("pulumi:providers:")) {
                    const kind = type.slice(type.lastIndexOf(":") + 1);
                    steps.push(`${op} ${kind} ${urn.slice(urn.lastIndexOf("::") + 2)}`);
                }
            },
        });
        return steps.sort();
    }

    /** With secrets in clear. Asks the CLI once for each state. */
    async outputs(): Promise<StackOutputs> {
        const text = await this.shown.get(this.project.stateFile(this.name), () =>
            this.pulumi("stack", "output", "--json", "--show-secrets"),
        );
        return JSON.parse(text) as StackOutputs;
    }

    /** Outputs of a resource in the state, with secrets in clear. */
    async resource(type: string, name: string): Promise<Readonly<Record<string, string>>> {
        const { deployment } = JSON.parse(
            await this.pulumi("stack", "export", "--show-secrets"),
        ) as { deployment: { resources: { urn: string; outputs?: object }[] } };
        const suffix = `${type}::${name}`;
        const found = deployment.resources.find(({ urn }) => urn.endsWith(suffix))?.outputs ?? {};
        return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, plain(value)]));
    }

    /** PEM of the root's certificate, which no output shows. */
    async rootCertificate(): Promise<string> {
        const { deployment } = await this.stack.exportStack();
        const { resources } = deployment as {
            resources: { type: string; outputs?: { certPem: string } }[];
        };
        const root = resources.find(
            ({ type }) => type === "tls:index/selfSignedCert:SelfSignedCert",
        );
        return root?.outputs?.certPem ?? "";
    }

    async registry(): Promise<Registry> {
        const { hub } = await this.outputs();
        return Registry.fromTokenCredential(hub.hostName, new EnvironmentCredential());
    }

    async twin(deviceId: string): Promise<Twin> {
        return (await (await this.registry()).getTwin(deviceId)).responseBody;
    }

    /** The CA certificates on the hub, by name. */
    async authorities(): Promise<HubCa[]> {
        const { resourceGroupName, hub } = await this.outputs();
        const { value = [] } = await this.arm.certificates.listByIotHub(
            resourceGroupName,
            hub.name,
        );
        return value.map(({ name, etag, properties }) => ({
            name: name ?? "",
            etag: etag ?? "",
            thumbprint: properties?.thumbprint ?? "",
            isVerified: properties?.isVerified ?? false,
            certificate: properties?.certificate ?? "",
        }));
    }

    /** Deletes the resource group behind the stack's back, for the end of a test, and the project. */
    async remove(): Promise<void> {
        const { resourceGroupName } = this.plainOutputs();
        if (resourceGroupName !== undefined) {
            await armRequest(this.arm, "DELETE", `/resourceGroups/${resourceGroupName}`);
        }
        this.project.remove();
    }

    /** As the state has them, secrets encrypted; the CLI, which decrypts them all, need not be asked. */
    private plainOutputs(): Partial<StackOutputs> {
        const text = readFileSync(this.project.stateFile(this.name), "utf8");
        const { latest } = (JSON.parse(text) as StateFile).checkpoint;
        const stack = latest?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
        return stack?.outputs ?? {};
    }
}

function change(
    project: ProjectCopy,
    stack: string,
    edit: (settings: StackSettings) => void,
): void {
    project.changeSettings(stack, (config) => {
        const own = Object.keys(config).filter((key) => key.startsWith(namespace));
        const settings = Object.fromEntries(
            own.map((key) => [key.slice(namespace.length), config[key]]),
        ) as StackSettings;
        edit(settings);
        own.forEach((key) => delete config[key]);
        for (const [name, value] of Object.entries(settings)) {
            config[namespace + name] = value;
        }
    });
}

/** A secret as `pulumi stack export --show-secrets` writes it is the JSON of its value. */
function plain(value: unknown): string {
    const { plaintext } = (value ?? {}) as { readonly plaintext?: string };
    return plaintext === undefined ? String(value) : String(JSON.parse(plaintext));
}
