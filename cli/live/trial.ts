import { randomBytes } from "crypto";
import { Stack } from "@pulumi/pulumi/automation";
import { Message, NoRetry } from "azure-iot-common";
import { Client } from "azure-iot-device";
import { Mqtt } from "azure-iot-device-mqtt";
import { AzureClient } from "../../components/azure/client";
import { AzureLogin } from "../../components/azure/login";
import { register } from "../../sample-device/registration";
import { outputValues } from "../../scripts/lib/outputValues";
import { lookAlike } from "../../scripts/lib/sampleCertificates";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { Step } from "./recording";

const groupsVersion = "2021-04-01";

/** Time limit of the removal: deleting a hub takes minutes. */
const removalMinutes = 30;

/** Tag of everything that the trial creates, by which the remains of an interrupted run can be found. */
const trialTag = "iot-x509-live-trial";

export interface TrialOptions {
    readonly login: Pick<AzureLogin, "cloud" | "credential">;
    readonly subscriptionId: string;
    readonly location: string;
    /** Environment variables of the engine and its plugins. */
    readonly environment: NodeJS.ProcessEnv;
    readonly pulumiHome: string;
    readonly say: (text: string) => void;
    readonly onStep: (step: Step) => void;
    /** Stops the path immediately; what was created is deleted nevertheless. */
    readonly signal?: AbortSignal;
}

interface DeviceOutput {
    readonly connectionString: string;
    readonly chain: string;
    readonly privateKey: string;
}

interface Outputs {
    readonly hub: { readonly id: string };
    readonly devices: Readonly<Record<string, DeviceOutput>>;
    readonly trusted: Readonly<Record<string, { readonly isVerified: boolean }>>;
    readonly provisioning: {
        readonly idScope: string;
        readonly trusted: Readonly<Record<string, { readonly isVerified: boolean }>>;
    };
}

/** The trial's resources still exist and cost money; the message contains the command that deletes them. */
export class NotDeleted extends Error {}

/** The essential path of the program in its own resource group, which is deleted however the path ends. */
export class Trial {
    private readonly name = `${trialTag}-${randomBytes(4).toString("hex")}`;
    private readonly arm: AzureClient;
    private readonly project: ProjectCopy;
    /** A group cannot be deleted while it is still being created. */
    private groupMade: Promise<unknown> = Promise.resolve();

    private constructor(private readonly options: TrialOptions) {
        const { login, environment, pulumiHome } = options;
        this.arm = new AzureClient(login.credential, login.cloud.armScope);
        this.project = ProjectCopy.make({ environment, pulumiHome });
    }

    /** @throws Error of the first step with a wrong outcome; what was created is deleted then, too */
    static async run(options: TrialOptions): Promise<void> {
        const trial = new Trial(options);
        try {
            await trial.path();
        } finally {
            await trial.remove();
        }
    }

    private async path(): Promise<void> {
        this.options.say(`everything is in the resource group ${this.name}`);
        await this.step("create the resource group", () => (this.groupMade = this.makeGroup()));
        this.settings();
        const stack = await this.project.stack("live");
        let outputs = await this.step("up: CAs, hub, provisioning service", () => this.up(stack));
        await this.step("all CAs are proven", async () => {
            const all = [outputs.trusted, outputs.provisioning.trusted].flatMap(Object.values);
            must(all.length > 0 && all.every(({ isVerified }) => isVerified), "a CA is not proven");
        });
        await this.step("a device connects with its certificate", () =>
            connect(outputs.devices["pump-1"]),
        );
        const { chain, privateKey } = outputs.devices["meter-1"];
        const meter = { chainPem: chain, keyPem: privateKey, registrationId: "meter-1" };
        const { idScope } = outputs.provisioning;
        await this.step("a device registers and connects", async () => {
            const connectionString = await register({ idScope, ...meter });
            await connect({ connectionString, chain, privateKey });
        });
        await this.step("a look-alike is refused", () =>
            refused(/Unauthorized/i, () => intrude(outputs)),
        );
        this.group("pumps", { intermediate: { generation: 2, retain: [1] } });
        outputs = await this.step("up: the CA of a group is rotated", () => this.up(stack));
        await this.step("the device connects with its new certificate", () =>
            connect(outputs.devices["pump-1"]),
        );
        this.group("meters", { blocked: true });
        await this.step("up: a group is blocked", () => this.up(stack));
        await this.step("a blocked device is refused", () =>
            refused(/disabled|Unauthorized/i, () => register({ idScope, ...meter })),
        );
        await this.step("nothing is left to do", async () => {
            const { changeSummary } = await stack.preview();
            const changes = Object.keys(changeSummary).filter((op) => op !== "same");
            must(changes.length === 0, `a preview shows ${JSON.stringify(changeSummary)}`);
        });
        await this.step("destroy", async () => {
            await stack.destroy();
            const { status } = await this.send("GET", outputs.hub.id, "2023-06-30");
            must(status === 404, "the hub is still there");
        });
    }

    private async step<T>(name: string, work: () => Promise<T>): Promise<T> {
        const start = Date.now();
        try {
            const result = await this.unlessAborted(work);
            this.options.onStep({ name, outcome: "as expected" });
            this.options.say(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
            return result;
        } catch (error) {
            this.options.onStep({ name, outcome: "failed" });
            throw new Error(`${name}: ${(error as Error).message}`);
        }
    }

    private async unlessAborted<T>(work: () => Promise<T>): Promise<T> {
        const { signal } = this.options;
        const aborted = new Promise<never>((_, reject) => {
            const end = (): void => reject(new Error("interrupted"));
            signal?.addEventListener("abort", end);
            if (signal?.aborted) {
                end();
            }
        });
        const working = signal?.aborted ? aborted : work();
        working.catch(() => undefined); // It may fail later than it is interrupted.
        aborted.catch(() => undefined);
        return Promise.race([working, aborted]);
    }

    private async up(stack: Stack): Promise<Outputs> {
        const { outputs } = await stack.up({ suppressOutputs: true });
        return outputValues(outputs) as unknown as Outputs;
    }

    private settings(): void {
        this.project.changeSettings("live", (config) => {
            const group = { keyAlgorithm: "ECDSA-P256" };
            const { location, subscriptionId } = this.options;
            Object.assign(config, {
                "azure-native:subscriptionId": subscriptionId,
                "azure-native:location": location,
                "iot-x509:location": location,
                "iot-x509:resourceGroup": "existing",
                "iot-x509:resourceGroupName": this.name,
                "iot-x509:hub": { prefix: "live-trial", sku: "S1" },
                "iot-x509:dps": { prefix: "live-trial" },
                "iot-x509:maxCutOff": "unlimited",
                "iot-x509:groups": { pumps: group, meters: { ...group, provisioning: "dps" } },
                "iot-x509:devices": [
                    { id: "pump-1", group: "pumps" },
                    { id: "meter-1", group: "meters" },
                ],
            });
        });
    }

    private group(name: string, changes: Record<string, unknown>): void {
        this.project.changeSettings("live", (config) => {
            const groups = config["iot-x509:groups"] as Record<string, Record<string, unknown>>;
            Object.assign(groups[name], changes);
        });
    }

    private get groupId(): string {
        return `/subscriptions/${this.options.subscriptionId}/resourceGroups/${this.name}`;
    }

    private async makeGroup(): Promise<void> {
        await this.send("PUT", this.groupId, groupsVersion, {
            location: this.options.location,
            tags: { [trialTag]: new Date().toISOString() },
        });
    }

    /** @throws NotDeleted */
    private async remove(): Promise<void> {
        this.project.remove();
        await this.groupMade.catch(() => undefined);
        try {
            await this.deleteGroup();
        } catch (error) {
            throw new NotDeleted(
                `${(error as Error).message}\nWhat is left: az group delete --name ${this.name}`,
            );
        }
    }

    /** Deleting the group also deletes hub, provisioning service and their role assignments. */
    private async deleteGroup(): Promise<void> {
        const { say } = this.options;
        say(`deleting the resource group ${this.name}`);
        await this.send("DELETE", this.groupId, groupsVersion);
        const deadline = Date.now() + removalMinutes * 60_000;
        while (Date.now() < deadline) {
            const { status } = await this.send("GET", this.groupId, groupsVersion);
            if (status === 404) {
                say("everything is deleted");
                return;
            }
            await new Promise((resolve) => setTimeout(resolve, 2_000));
        }
        throw new Error(
            `the resource group ${this.name} still exists after ${removalMinutes} minutes`,
        );
    }

    private send(method: "GET" | "PUT" | "DELETE", id: string, version: string, body?: unknown) {
        return this.arm.send({
            method,
            url: `${this.options.login.cloud.arm}${id}?api-version=${version}`,
            body,
            expect: [200, 201, 202, 204, ...(method === "PUT" ? [] : [404])],
        });
    }
}

/** Connects over MQTT, sends one message, and disconnects. */
async function connect({ connectionString, chain, privateKey }: DeviceOutput): Promise<void> {
    const client = Client.fromConnectionString(connectionString, Mqtt);
    client.setRetryPolicy(new NoRetry());
    client.on("error", () => undefined);
    await client.setOptions({ cert: chain, key: privateKey });
    await client.open();
    try {
        await client.sendEvent(new Message("live trial"));
    } finally {
        await client.close();
    }
}

async function intrude({ devices }: Outputs): Promise<void> {
    const { connectionString, chain } = devices["pump-1"];
    const { chainPem, keyPem } = await lookAlike(chain);
    await connect({ connectionString, chain: chainPem, privateKey: keyPem });
}

/** A broken connection is not a refusal: the SDKs report if a device was rejected. */
async function refused(how: RegExp, attempt: () => Promise<unknown>): Promise<void> {
    try {
        await attempt();
    } catch (error) {
        const { name, message } = error as Error;
        must(how.test(`${name}: ${message}`), `${name}: ${message}`);
        return;
    }
    throw new Error("it was accepted");
}

function must(condition: boolean, otherwise: string): void {
    if (!condition) {
        throw new Error(otherwise);
    }
}
