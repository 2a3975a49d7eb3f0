import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";
import { connects } from "../support/liveDevice";
import { eventually } from "../support/sessions";

interface Principal {
    readonly appId: string;
    readonly secret: string;
}

interface Traffic {
    readonly requests: readonly { method: string; path: string; outcome: number }[];
}

/** Whoever deploys is Owner of the subscription, which on Azure gives no right to a hub's devices. */
describe("a deployer without the data-plane role", function () {
    this.timeout(600_000);
    const { manage, subscriptionId } = shared();
    let deployment: Deployment;
    let ownerSince: number;

    before(async function () {
        const { appId, secret } = await manage<Principal>("POST", "/principals", {
            displayName: "owner only",
            roles: [{ role: "Owner", scope: `/subscriptions/${subscriptionId}` }],
        });
        ownerSince = Date.now();
        const settings = {
            hub: { prefix: "roles", dataRole: "existing", roleWaitSeconds: 4 },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [
                { id: "pump-01", group: "pumps" },
                { id: "pump-02", group: "pumps" },
            ],
        };
        deployment = await Deployment.make(this, "roles", settings, {
            ARM_CLIENT_ID: appId,
            ARM_CLIENT_SECRET: secret,
        });
    });

    after(async () => {
        await manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
        await deployment?.remove();
    });

    /** How many calls to the hub's registry were refused since the log was emptied. */
    async function refusedCalls(): Promise<number> {
        const { requests } = await manage<Traffic>("GET", "/requests");
        const calls = requests.filter(({ path }) => path.startsWith("/devices?"));
        return calls.filter(({ outcome }) => outcome === 401).length;
    }

    it("sees the missing role and the command that grants it, after a bounded wait", async () => {
        await manage("DELETE", "/requests");
        const message = await deployment.up().then(
            () => assert.fail("the devices were made without the role"),
            (error: Error) => error.message,
        );
        const { hub } = await deployment.outputs();
        assert.match(
            message,
            new RegExp(`deploying principal lacks a data-plane role on ${hub.hostName}`),
        );
        assert.match(message, /az role assignment create --role 'IoT Hub Data Contributor' /);
        assert.ok(message.includes(`--scope ${hub.id}\n`));
        assert.match(message, /set iot-x509:hub\.dataRole to "assign"/);
        const tries = await refusedCalls();
        assert.ok(tries >= 2 && tries <= 4, `tried ${tries} times`);
    });

    it("that is given the role in the same run, and Azure takes longer than the wait, is told since when it has it", async () => {
        const rolePropagationSeconds = Math.floor((Date.now() - ownerSince) / 1000) - 1;
        await manage("PATCH", "/settings", { rolePropagationSeconds });
        deployment.change(({ hub }) => void (hub.dataRole = "assign"));
        await assert.rejects(deployment.up(), (error: Error) => {
            assert.match(error.message, /has the role "IoT Hub Data Contributor" since 20\d\d-/);
            assert.match(error.message, /does not count it yet, after a wait of 4 s/);
            return true;
        });
    });

    it("is given the role with dataRole assign; up announces the wait for it, and succeeds", async () => {
        // Long enough to meet on a slow machine, too, and short enough for the role Owner to be in effect.
        const rolePropagationSeconds = Math.floor((Date.now() - ownerSince) / 1000) - 1;
        await manage("PATCH", "/settings", { rolePropagationSeconds });
        await manage("DELETE", "/requests");
        deployment.change(({ hub }) => {
            hub.dataRole = "assign";
            delete hub.roleWaitSeconds;
        });
        const up = deployment.up();
        const isRefused = eventually(async () => assert.ok((await refusedCalls()) > 0), 120_000);
        await Promise.race([up, isRefused]);
        assert.ok((await refusedCalls()) > 0, "the role counted at once");
        await manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
        const printed = await up;
        assert.match(
            printed,
            /waiting for the role on roles-\w+\.azure-devices\.net to take effect \(at most \d+ s more\)/,
        );
        const { devices } = await deployment.outputs();
        await connects(devices["pump-01"]);
        await connects(devices["pump-02"]);
    });
});
