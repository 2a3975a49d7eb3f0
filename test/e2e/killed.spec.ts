import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { IotHubClient } from "@azure/arm-iothub";
import { Registry } from "azure-iothub";
import { Stack } from "@pulumi/pulumi/automation";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { shared } from "../support/emulator";
import { killProviderHosts } from "../support/providerHost";
import { requirePulumi } from "../support/tools";

interface Fault {
    readonly hits: number;
    /** e.g. `PUT /subscriptions/…/certificates/g1?api-version=…`. */
    readonly lastHit?: string;
}

const hold = 600_000;
/** More than the calls of one handshake. */
const mostPoints = 20;

describe("provider host killed (SIGKILL) after each HTTP call", function () {
    this.timeout(900_000);
    const { manage, subscriptionId } = shared();
    let project: ProjectCopy;
    let stack: Stack;

    before(async function () {
        const { pulumiHome } = requirePulumi(this);
        project = ProjectCopy.make({ environment: process.env, pulumiHome });
        project.changeSettings("killed", (config) => {
            config["iot-x509:hub"] = { prefix: "iot-killed" };
            config["iot-x509:groups"] = {};
            config["iot-x509:devices"] = [];
        });
        stack = await project.stack("killed");
        await stack.up();
    });

    after(async () => {
        await manage("DELETE", "/faults");
        await stack?.destroy();
        project?.remove();
    });

    function addGroup(name: string): void {
        project.changeSettings("killed", (config) => {
            const groups = config["iot-x509:groups"] as Record<string, unknown>;
            groups[name] = { keyAlgorithm: "ECDSA-P256" };
            (config["iot-x509:devices"] as unknown[]).push({ id: `${name}-device`, group: name });
        });
    }

    /** The call after which the host was killed while it waited for the answer; undefined when there are fewer calls. */
    async function upAndKill(path: string, call: number): Promise<string | undefined> {
        await manage("DELETE", "/faults");
        const rule = {
            path,
            skip: call,
            count: 1,
            when: "after",
            delayMilliseconds: hold,
        };
        await manage("POST", "/faults", rule);
        let isOver = false;
        const up = stack.up().then(
            () => undefined,
            (error: Error) => error,
        );
        void up.finally(() => (isOver = true));
        while (!isOver) {
            const [fault] = await manage<Fault[]>("GET", "/faults");
            if (fault.hits > 0) {
                assert.ok(killProviderHosts(project.folder) > 0, "no provider host to kill");
                await manage("DELETE", "/faults");
                assert.ok((await up) instanceof Error, "the killed run said it had succeeded");
                return shortened(fault.lastHit ?? "");
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        const error = await up;
        assert.strictEqual(error, undefined, error?.message);
        return undefined;
    }

    let groups = 0;

    it("converges when killed after each call of a handshake, run after run", async () => {
        const points: string[] = [];
        for (let call = 0; ; call++) {
            assert.ok(call < mostPoints, `more than ${mostPoints} calls: ${points.join(", ")}`);
            // The former group's handshake is brought to its end while this one's is killed.
            addGroup(`g${groups++}`);
            const point = await upAndKill(`/certificates/g${groups - 1}-`, call);
            if (point === undefined) {
                break;
            }
            points.push(point);
        }
        console.log(`      killed after ${points.length} calls: ${points.join(", ")}`);
        assert.ok(points.length >= 7, `only ${points.length} points were reached`);
        for (const step of ["PUT", "generateVerificationCode", "verify"]) {
            assert.ok(
                points.some((point) => point.includes(step)),
                `no kill after ${step}: ${points.join("; ")}`,
            );
        }
        await assertWhole();
    });

    it("converges with the next up when killed after the call that creates a device", async () => {
        addGroup(`g${groups++}`);
        assert.equal(await upAndKill("/devices\\?", 0), "POST /devices");
        await stack.up();
        await assertWhole();
        const { changeSummary } = await stack.preview();
        assert.deepStrictEqual(Object.keys(changeSummary), ["same"]);
    });

    function shortened(call: string): string {
        return call.replace(/\?.*/, "").replace(/ .*(?=\/certificates|\/devices|\/twins)/, " ");
    }

    /** As many CAs as groups, each once and verified; as many devices; none twice. */
    async function assertWhole(): Promise<void> {
        const outputs = await stack.outputs();
        const { hostName, name } = outputs.hub.value as { hostName: string; name: string };
        const arm = new IotHubClient(new EnvironmentCredential(), subscriptionId);
        const group = outputs.resourceGroupName.value as string;
        const { value: certificates = [] } = await arm.certificates.listByIotHub(group, name);
        assert.strictEqual(certificates.length, groups);
        assert.ok(certificates.every((one) => one.properties?.isVerified));
        const thumbprints = certificates.map((one) => one.properties?.thumbprint);
        assert.strictEqual(new Set(thumbprints).size, groups);
        const registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        const { responseBody: devices } = await registry.list();
        assert.strictEqual(devices.length, groups);
    }
});
