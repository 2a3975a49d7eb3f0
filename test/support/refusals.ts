import * as assert from "assert";
import { createHmac } from "crypto";
import { RefusedConnection } from "../../emulator/hub/connections";
import { Device, Hub } from "../../emulator/hub/model";
import { PrivateEmulator, startPrivate } from "./emulator";
import { addDevice, addHub, uploadCa } from "./hubs";
import { ClientOptions, returnCode } from "./mqttClient";
import { issue, Issued, makeCa } from "./pki";

const hour = 3600 * 1000;
export const past = (hours: number): Date => new Date(Date.now() - hours * hour);
export const future = (hours: number): Date => new Date(Date.now() + hours * hour);

export interface World {
    readonly emulator: PrivateEmulator;
    /** Trusts `root`, and more that a case adds. */
    readonly hub: Hub;
    /** Trusts nothing. */
    readonly other: Hub;
    readonly root: Issued;
    readonly intermediate: Issued;
}

/** What a case tells the client to do, besides a plain good login to `hub` as the device. */
export interface Attempt {
    readonly leaf?: Issued;
    readonly cert?: string;
    readonly host?: string;
    readonly options?: ClientOptions;
}

/** One way to connect; prepares hub, device and certificates, and says what the client sends. */
export interface Case {
    readonly name: string;
    readonly attempt: (world: World, deviceId: string) => Promise<Attempt>;
}

export interface Refused extends Case {
    readonly reason: string;
    readonly errorCode: number;
    /** CONNACK return code; default 5. */
    readonly code?: number;
    /** What the recorded detail must say, so that a person can mend it. */
    readonly detail: RegExp;
}

/** A device of type certificateAuthority. */
export function registered(world: World, deviceId: string): Device {
    return addDevice(world.hub, deviceId, "certificateAuthority");
}

/** A shared access signature (Azure docs: iot-hub-dev-guide-sas). */
export function signature(resource: string, key: string, expiry: Date, policy?: string): string {
    const sr = encodeURIComponent(resource);
    const se = Math.floor(expiry.getTime() / 1000);
    const mac = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`);
    const sig = encodeURIComponent(mac.digest("base64"));
    return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}${policy ? `&skn=${policy}` : ""}`;
}

export function deviceToken(hub: Hub, device: Device, expiry = future(1)): string {
    const key = device.authentication.symmetricKey.primaryKey ?? "";
    return signature(`${hub.hostName}/devices/${device.deviceId}`, key, expiry);
}

/** Two hubs and a small PKI in an emulator of a test file's own. */
export class Trial {
    private serial = 0;

    private constructor(readonly world: World) {}

    static async start(): Promise<Trial> {
        const emulator = await startPrivate();
        const hub = addHub(emulator.emulator, "first");
        const other = addHub(emulator.emulator, "second");
        const root = await makeCa({ commonName: "Test Root" });
        const intermediate = await issue(root, { commonName: "Test Intermediate", ca: true });
        uploadCa(hub, "root", root);
        return new Trial({ emulator, hub, other, root, intermediate });
    }

    stop(): Promise<void> {
        return this.world.emulator.stop();
    }

    /** The CONNACK return code that the `mqtt` client sees. */
    async attempt(one: Case): Promise<number> {
        const deviceId = `device-${++this.serial}`;
        const { host = this.world.hub.hostName, ...rest } = await one.attempt(this.world, deviceId);
        const { mqttPort: port, caPem: ca, manage } = this.world.emulator;
        await manage("DELETE", "/refusals");
        return returnCode({ port, ca, host, deviceId, ...rest });
    }

    async expectRefused(one: Refused): Promise<void> {
        assert.strictEqual(await this.attempt(one), one.code ?? 5);
        const list = await this.world.emulator.manage<RefusedConnection[]>("GET", "/refusals");
        assert.deepStrictEqual(
            list.map(({ reason, errorCode }) => ({ reason, errorCode })),
            [{ reason: one.reason, errorCode: one.errorCode }],
        );
        assert.match(list[0].detail, one.detail);
    }

    async expectAccepted(one: Case): Promise<void> {
        assert.strictEqual(await this.attempt(one), 0);
        assert.deepStrictEqual(await this.world.emulator.manage("GET", "/refusals"), []);
    }
}

/** A test for each case: the return code at the client, the reason at the management API. */
export function describeRefused(title: string, cases: readonly Refused[]): void {
    describe(title, () => {
        let trial: Trial;
        before(async () => (trial = await Trial.start()));
        after(() => trial.stop());
        for (const one of cases) {
            it(`${one.reason}: ${one.name}`, () => trial.expectRefused(one));
        }
    });
}
