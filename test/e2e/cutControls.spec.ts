import * as assert from "assert";
import { Client } from "azure-iot-device";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { connectDevice, DeviceCredentials, liveConnection } from "../support/liveDevice";
import { OpenSsl, Pair } from "../support/openssl";

type Outputs = StackOutputs & { readonly provisioning: { readonly idScope: string } };
type Kind = "listed" | "dps" | "both";
type Group = Record<string, unknown>;

const location = "westeurope";
const kinds: readonly Kind[] = ["listed", "dps", "both"];
/** What is done to a whole group; nothing is done to `calm` ones. */
const groupControls = ["block", "rotate", "delete", "calm"];
/** What is done to single devices of the calm groups. */
const deviceControls = ["disable", "remove"];
const unlimited = { maxCutOff: "unlimited" };

/** A device under one control: live, absent, or live with an enrollment of its own. */
interface Device {
    readonly id: string;
    readonly group: string;
    readonly kind: Kind;
    readonly control: string;
    readonly isSolo: boolean;
    readonly isLive: boolean;
}

const devices: readonly Device[] = kinds.flatMap((kind) =>
    [...groupControls, ...deviceControls].flatMap((control) => {
        const group = `${deviceControls.includes(control) ? "calm" : control}-${kind}`;
        const make = (form: string, isLive: boolean, isSolo = false): Device => ({
            id: `${control}-${kind}-${form}`,
            group,
            kind,
            control,
            isSolo,
            isLive,
        });
        return [
            make("live", true),
            make("absent", false),
            ...(kind === "listed" ? [] : [make("solo", true, true)]),
        ];
    }),
);

/** Certificates of a group's CA that the configuration does not know, registered by somebody who has its key. */
const strays = ["block", "rotate", "delete"].map((control) => ({
    id: `stray-${control}`,
    group: `${control}-dps`,
}));

describe("what the configuration disables, of every kind and on every linked hub", function () {
    this.timeout(900_000);
    let far: Deployment;
    let near: Deployment;
    let openssl: OpenSsl;
    let idScope: string;
    let first: Outputs;
    /** What each device has in the field, and the hub that it was sent to. */
    const held = new Map<string, DeviceCredentials>();
    const live = new Map<string, Client>();

    before(async function () {
        openssl = await OpenSsl.create();
        far = await Deployment.make(this, "far", { dps: {}, groups: {}, devices: [] });
        await far.up();
        const { id } = (await far.outputs()).hub;
        near = await Deployment.make(this, "near", {
            hub: { prefix: "near" },
            pki: { keyAlgorithm: "ECDSA-P256" },
            dps: { linkedHubs: [{ id, location }] },
            groups: groups(),
            devices: devices.map(settings),
            outputDevices: devices.map(({ id: device }) => device),
            ...unlimited,
        });
        await near.up();
        first = (await near.outputs()) as Outputs;
        ({ idScope } = first.provisioning);
        await Promise.all(devices.map(({ id: device, kind }) => meet(device, kind, first)));
        for (const { id: stray, group } of strays) {
            await meetStray(stray, group);
        }
    });

    after(async () => {
        await Promise.all(
            [...live.values()].map((client) => client.close().catch(() => undefined)),
        );
        await near?.remove();
        await far?.remove();
        await openssl?.remove();
    });

    function groups(): Record<string, Group> {
        return Object.fromEntries(
            groupControls.flatMap((control) =>
                kinds.map((kind) => [
                    `${control}-${kind}`,
                    { keyAlgorithm: "ECDSA-P256", provisioning: kind },
                ]),
            ),
        );
    }

    function settings({ id, group, isSolo }: Device): Record<string, unknown> {
        return { id, group, ...(isSolo ? { enrollment: "individual" } : {}) };
    }

    async function registers(
        id: string,
        { chain, privateKey }: DeviceCredentials,
    ): Promise<string> {
        return register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    function credentials(id: string, outputs: StackOutputs): DeviceCredentials {
        const { chain, privateKey, connectionString } = outputs.devices[id];
        return { chain, privateKey, connectionString };
    }

    /** It has its files, registers where it may, and connects; live ones stay. */
    async function meet(id: string, kind: Kind, outputs: StackOutputs): Promise<void> {
        const own = credentials(id, outputs);
        const connectionString =
            kind === "listed" ? own.connectionString : await registers(id, own);
        await take(id, { ...own, connectionString });
    }

    async function take(id: string, device: DeviceCredentials): Promise<void> {
        held.set(id, device);
        const client = await connectDevice(device);
        if (id.endsWith("-absent")) {
            await client.close();
        } else {
            live.set(id, client);
        }
    }

    async function meetStray(id: string, group: string): Promise<void> {
        const type = "tls:index/privateKey:PrivateKey";
        const { privateKeyPem: key } = await near.resource(type, `${group}-g1-key`);
        const { certPem: certificate } = await near.resource(
            "tls:index/locallySignedCert:LocallySignedCert",
            `${group}-g1-certificate`,
        );
        const leaf: Pair = await openssl.issued(
            id,
            { certificate, key },
            {
                extensions: ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"],
            },
        );
        const own = { chain: leaf.certificate + certificate, privateKey: leaf.key };
        const connectionString = await registers(id, { ...own, connectionString: "" });
        await take(id, { ...own, connectionString });
    }

    const hubOf = (id: string): string =>
        /HostName=([^.]+)/.exec(held.get(id)?.connectionString ?? "")?.[1] ?? "";

    async function connects(device: DeviceCredentials): Promise<void> {
        await (await connectDevice(device)).close();
    }

    /** By no door, not even after it tried the other. */
    async function assertOut(id: string): Promise<void> {
        const device = held.get(id) as DeviceCredentials;
        assert.equal(await liveConnection(hubOf(id), id), undefined, `${id} is still connected`);
        await assert.rejects(connects(device), `${id} connects`);
        await assert.rejects(registers(id, device), `${id} registers`);
        await assert.rejects(connects(device), `${id} connects after it tried to register`);
    }

    const under = (...controls: readonly string[]): Device[] =>
        devices.filter(({ control }) => controls.includes(control));

    /** Registrations that begin before the run, and are assigned in the middle of it. */
    async function startLate(): Promise<{ readonly ended: Promise<unknown> }> {
        const { manage } = shared();
        await manage("PATCH", "/settings", { registrationSeconds: 12 });
        const ids = ["block", "rotate", "delete", "disable", "remove"].map(
            (control) => `${control}-dps-absent`,
        );
        const ended = Promise.all(
            ids.map((id) =>
                registers(id, held.get(id) as DeviceCredentials).catch(() => undefined),
            ),
        );
        await new Promise((done) => setTimeout(done, 1000));
        await manage("PATCH", "/settings", { registrationSeconds: 0.3 });
        return { ended };
    }

    async function leavesNothing(): Promise<void> {
        const { changeSummary, stdout } = await near.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"], stdout);
    }

    it("has devices on both hubs", () => {
        const hubs = new Set(
            devices.filter(({ kind }) => kind !== "listed").map(({ id }) => hubOf(id)),
        );
        assert.equal(hubs.size, 2);
    });

    it("cannot connect in any way after one up; others keep their connections", async () => {
        const bystanders = under("calm").filter(({ isLive }) => isLive);
        const before = await Promise.all(bystanders.map(({ id }) => liveConnection(hubOf(id), id)));
        near.change((all) => {
            for (const kind of kinds) {
                all.groups[`block-${kind}`].blocked = true;
                all.groups[`rotate-${kind}`].intermediate = { generation: 2 };
                delete all.groups[`delete-${kind}`];
            }
            all.devices = devices
                .filter(({ control }) => !["delete", "remove"].includes(control))
                .map((device) =>
                    device.control === "disable"
                        ? { ...settings(device), status: "disabled" }
                        : settings(device),
                );
            all.outputDevices = all.devices.map(({ id }) => id);
        });
        const late = await startLate();
        await near.up();
        await late.ended;
        await Promise.all(
            under("block", "rotate", "delete", "disable", "remove").map(({ id }) => assertOut(id)),
        );
        await Promise.all(strays.map(({ id }) => assertOut(id)));
        const after = await Promise.all(bystanders.map(({ id }) => liveConnection(hubOf(id), id)));
        assert.deepEqual(after, before);
        await leavesNothing();
    });

    it("lets the devices of a rotated group in with their new certificates", async () => {
        const outputs = await near.outputs();
        await Promise.all(under("rotate").map(({ id, kind }) => meet(id, kind, outputs)));
        await leavesNothing();
    });

    it("accepts again what the opposite change enables", async () => {
        near.change((all) => {
            all.groups = { ...all.groups, ...groups() };
            for (const kind of kinds) {
                all.groups[`rotate-${kind}`].intermediate = { generation: 2 };
            }
            all.devices = devices.map(settings);
            all.outputDevices = devices.map(({ id }) => id);
        });
        await near.up();
        const blocked = under("block", "disable");
        await Promise.all(blocked.map(({ id }) => connects(held.get(id) as DeviceCredentials)));
        const outputs = await near.outputs();
        const anew = under("delete", "remove");
        await Promise.all(anew.map(({ id, kind }) => meet(id, kind, outputs)));
        await leavesNothing();
    });
});

describe("what cannot be revoked below a trusted root", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "shared-root", {
            pki: { trust: "root", keyAlgorithm: "ECDSA-P256" },
            dps: {},
            groups: {
                listed: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            },
            devices: [
                { id: "listed-1", group: "listed" },
                { id: "meter-1", group: "meters" },
            ],
            ...unlimited,
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    async function leavesNothing(): Promise<void> {
        const { changeSummary, stdout } = await deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"], stdout);
    }

    async function rotates(group: string, intermediate: Record<string, unknown>): Promise<string> {
        deployment.change((all) => void (all.groups[group].intermediate = intermediate));
        return deployment.up();
    }

    it("a listed group's former CA: the run is refused, with alternatives", async () => {
        await assert.rejects(rotates("listed", { generation: 2 }), (error: Error) => {
            assert.match(error.message, /group listed, generation 1: .* accepted until \d{4}-/);
            assert.match(error.message, /Nothing was changed.*retain.*pki\.root\.generation/s);
            return true;
        });
        await rotates("listed", { generation: 2, retain: [1] });
        await leavesNothing();
    });

    it("the former CA of a registering group is revoked: the identity accepts only the new certificate", async () => {
        const { devices: before, provisioning } = (await deployment.outputs()) as Outputs;
        const { idScope } = provisioning;
        const { chain, privateKey } = before["meter-1"];
        const register1 = () =>
            register({ idScope, registrationId: "meter-1", chainPem: chain, keyPem: privateKey });
        const former = { chain, privateKey, connectionString: await register1() };
        const client = await connectDevice(former);
        await rotates("meters", { generation: 2 });
        await assert.rejects(connectDevice(former));
        await assert.rejects(register1());
        await client.close().catch(() => undefined);
        const present = (await deployment.outputs()).devices["meter-1"];
        await (
            await connectDevice({ ...present, connectionString: former.connectionString })
        ).close();
        await leavesNothing();
    });

    it("a blocked group's devices are disabled one by one, and a warning says what remains possible; unblocked, they connect", async () => {
        const { devices } = await deployment.outputs();
        deployment.change((all) => void (all.groups.listed.blocked = true));
        const printed = await deployment.up();
        assert.match(printed, /group listed is blocked: each of its identities is disabled/);
        await assert.rejects(connectDevice(devices["listed-1"]));
        await leavesNothing();
        deployment.change((all) => void (all.groups.listed.blocked = false));
        await deployment.up();
        await (await connectDevice(devices["listed-1"])).close();
        await leavesNothing();
    });
});
