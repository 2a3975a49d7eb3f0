import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { privateKeyMarker } from "../support/keySearch";
import { connectDevice, connects, DeviceCredentials, liveConnection } from "../support/liveDevice";

type Outputs = StackOutputs & { readonly provisioning: { readonly idScope: string } };
type Settings = Readonly<Record<string, unknown>>;

const location = "westeurope";
const elliptic = { keyAlgorithm: "ECDSA-P256" };
const solo = { enrollment: "individual" };
const off = { status: "disabled" };

/** By name: what is done to it in the end. */
const groups: Readonly<Record<string, Settings>> = {
    alpha: { ...elliptic, provisioning: "dps" },
    "alpha-both": { ...elliptic, provisioning: "both" },
    calm: { ...elliptic, provisioning: "dps" },
    listed: elliptic,
    "listed-blocked": elliptic,
    blocked: { ...elliptic, provisioning: "dps" },
    "blocked-both": { ...elliptic, provisioning: "both" },
    deleted: { ...elliptic, provisioning: "dps" },
    "former-deleted": { ...elliptic, provisioning: "dps" },
    "former-rotated": { ...elliptic, provisioning: "dps" },
    "former-replaced": { ...elliptic, provisioning: "dps" },
};
const groupsWithout = (...names: readonly string[]) =>
    Object.fromEntries(Object.entries(groups).filter(([name]) => !names.includes(name)));
const blocked = ["blocked", "blocked-both", "listed-blocked"];

/** A device that moves, and is then switched off. */
interface Move {
    readonly id: string;
    readonly from: Settings;
    readonly to: Settings;
    /** undefined: its group is. */
    readonly end?: "disabled" | "removed";
}

const moves: readonly Move[] = [
    { id: "to-blocked", from: { group: "alpha" }, to: { group: "blocked" } },
    { id: "to-blocked-solo", from: { group: "alpha" }, to: { group: "blocked", ...solo } },
    { id: "to-blocked-both", from: { group: "alpha" }, to: { group: "blocked-both" } },
    { id: "both-to-blocked", from: { group: "alpha-both" }, to: { group: "blocked" } },
    { id: "to-blocked-list", from: { group: "alpha" }, to: { group: "listed-blocked" } },
    { id: "to-deleted", from: { group: "alpha" }, to: { group: "deleted" } },
    { id: "to-list-off", from: { group: "alpha" }, to: { group: "listed" }, end: "disabled" },
    { id: "to-list-gone", from: { group: "alpha" }, to: { group: "listed" }, end: "removed" },
    {
        id: "both-to-list-off",
        from: { group: "alpha-both" },
        to: { group: "listed" },
        end: "disabled",
    },
    { id: "to-off", from: { group: "alpha" }, to: { group: "calm" }, end: "disabled" },
    { id: "to-gone", from: { group: "alpha" }, to: { group: "calm" }, end: "removed" },
    {
        id: "solo-to-gone",
        from: { group: "alpha", ...solo },
        to: { group: "calm" },
        end: "removed",
    },
    {
        id: "to-solo-off",
        from: { group: "alpha" },
        to: { group: "alpha", ...solo },
        end: "disabled",
    },
    {
        id: "to-solo-gone",
        from: { group: "alpha" },
        to: { group: "alpha", ...solo },
        end: "removed",
    },
    {
        id: "of-solo-off",
        from: { group: "alpha", ...solo },
        to: { group: "alpha" },
        end: "disabled",
    },
    {
        id: "of-solo-gone",
        from: { group: "alpha", ...solo },
        to: { group: "alpha" },
        end: "removed",
    },
];

/** Devices that stay; what they had of their former group goes with its CA. */
const freed: readonly Move[] = [
    { id: "of-deleted", from: { group: "former-deleted" }, to: { group: "calm" } },
    { id: "of-rotated", from: { group: "former-rotated" }, to: { group: "calm" } },
];
/** The same, when it moves and its group goes in one run. */
const replaced: Move = {
    id: "of-replaced",
    from: { group: "former-replaced" },
    to: { group: "calm" },
};
const bystanders = ["alpha", "calm"].map((group) => ({ id: `${group}-stays`, group }));
const still = bystanders as unknown as Settings[];
const movers = [...moves, ...freed];

describe("what was moved before it is switched off, and hubs that are not linked any more", function () {
    this.timeout(900_000);
    let far: Deployment;
    let near: Deployment;
    let idScope: string;
    let farHub: string;
    /** What each device had before it moved. */
    const former = new Map<string, DeviceCredentials>();
    /** What it had after that. */
    const latter = new Map<string, DeviceCredentials>();

    before(async function () {
        far = await Deployment.make(this, "far-moves", { dps: {}, groups: {}, devices: [] });
        await far.up();
        const { hub } = await far.outputs();
        farHub = hub.hostName;
        near = await Deployment.make(this, "moves", {
            pki: elliptic,
            dps: { linkedHubs: [{ id: hub.id, location }] },
            groups: { ...groups },
            devices: [...[...movers, replaced].map(at("from")), ...still],
            maxCutOff: "unlimited",
        });
        await up();
        idScope = ((await near.outputs()) as Outputs).provisioning.idScope;
        const ids = [...movers, replaced, ...bystanders].map(({ id }) => id);
        await Promise.all(ids.map(async (id) => former.set(id, await meets(id))));
    });

    after(async () => {
        await near?.remove();
        await far?.remove();
    });

    function at(when: "from" | "to"): (move: Move) => Settings {
        return ({ id, [when]: settings }) => ({ id, ...settings });
    }

    /** All devices are shown. */
    async function up(): Promise<string> {
        near.change((all) => void (all.outputDevices = all.devices.map(({ id }) => id)));
        return near.up();
    }

    async function registers(id: string, device: DeviceCredentials): Promise<string> {
        const { chain, privateKey } = device;
        return register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    /** With what the stack issues: registers, and connects to where it was sent. */
    async function meets(id: string): Promise<DeviceCredentials> {
        const { chain, privateKey } = (await near.outputs()).devices[id];
        const device = { chain, privateKey, connectionString: "" };
        const own = { ...device, connectionString: await registers(id, device) };
        await connects(own);
        return own;
    }

    async function assertOut(id: string, device: DeviceCredentials | undefined): Promise<void> {
        if (device !== undefined) {
            await assert.rejects(connects(device), `${id} connects`);
            await assert.rejects(registers(id, device), `${id} registers`);
            await assert.rejects(connects(device), `${id} connects after it tried to register`);
        }
    }

    async function leavesNothing(): Promise<void> {
        const { changeSummary, stdout } = await near.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"], stdout);
    }

    const hubOf = (device: DeviceCredentials | undefined): string =>
        /HostName=([^;]+)/.exec(device?.connectionString ?? "")?.[1] ?? "";

    const onFar = (): string[] =>
        [...former].filter(([, device]) => hubOf(device) === farHub).map(([id]) => id);

    it("a move alone cuts nobody off whose former group still registers", async () => {
        near.change((all) => {
            all.groups = groupsWithout("former-replaced");
            all.devices = [...[...movers, replaced].map(at("to")), ...still];
        });
        await up();
        const { devices } = await near.outputs();
        for (const { id } of movers) {
            const { chain, privateKey, connectionString = "" } = devices[id];
            const own = former.get(id)?.connectionString ?? "";
            latter.set(id, { chain, privateKey, connectionString: connectionString || own });
        }
        const free = moves.filter(({ id }) => ["to-blocked", "to-off", "to-gone"].includes(id));
        for (const { id } of [...free, ...freed]) {
            const device = former.get(id) as DeviceCredentials;
            await connects(device);
            await registers(id, device);
            await connects(device);
        }
        await leavesNothing();
    });

    it("a group that goes in the same run leaves its former devices nothing of it", async () => {
        await assertOut(replaced.id, former.get(replaced.id));
        await connects(await meets(replaced.id));
    });

    it("then what is off gets in by no door, with the former certificate or the present one", async () => {
        near.change((all) => {
            all.groups = {
                ...groupsWithout("deleted", "former-deleted", "former-replaced"),
                "former-rotated": { ...groups["former-rotated"], intermediate: { generation: 2 } },
            };
            blocked.forEach((name) => (all.groups[name] = { ...groups[name], blocked: true }));
            all.devices = [
                ...[...moves, ...freed, replaced]
                    .filter(({ end, to }) => end !== "removed" && to.group !== "deleted")
                    .map((move) => ({
                        ...at("to")(move),
                        ...(move.end === "disabled" ? off : {}),
                    })),
                ...still,
            ];
        });
        const lives = await Promise.all(
            bystanders.map(({ id }) => connectDevice(former.get(id) as DeviceCredentials)),
        );
        const hub = (id: string): string => hubOf(former.get(id)).split(".")[0];
        const seen = () => Promise.all(bystanders.map(({ id }) => liveConnection(hub(id), id)));
        const before = await seen();
        await up();
        assert.deepEqual(await seen(), before);
        await Promise.all(lives.map((client) => client.close()));
        for (const { id } of moves) {
            await assertOut(id, former.get(id));
            await assertOut(id, latter.get(id));
        }
        for (const { id } of freed) {
            await assertOut(id, former.get(id));
            await meets(id);
        }
        await leavesNothing();
    });

    it("the opposite change lets it in again", async () => {
        near.change((all) => {
            all.groups = {
                ...groupsWithout("former-deleted", "former-replaced"),
                "former-rotated": { ...groups["former-rotated"], intermediate: { generation: 2 } },
            };
            all.devices = [...[...movers, replaced].map(at("to")), ...still];
        });
        await up();
        await leavesNothing();
        await connects(former.get("to-blocked") as DeviceCredentials);
        const { devices } = await near.outputs();
        for (const { id, to } of moves) {
            if (String(to.group).startsWith("listed")) {
                await connects(devices[id]);
            } else {
                await meets(id);
            }
        }
        await leavesNothing();
    });

    it("the run fails while an identity on a hub that goes is somebody else's", async () => {
        const registry = Registry.fromTokenCredential(farHub, new EnvironmentCredential());
        const [id] = (await registry.list()).responseBody.map(({ deviceId }) => deviceId);
        const claim = (stack: string | null) =>
            registry.updateTwin(id, { tags: { iotX509: stack === null ? null : { stack } } }, "*");
        await claim("other/prod");
        near.change((all) => void (all.dps = {}));
        await assert.rejects(up(), (error: Error) => {
            assert.match(
                error.message,
                new RegExp(`device "${id}" can still connect to ${farHub}`),
            );
            assert.match(error.message, /belongs to other\/prod/);
            assert.doesNotMatch(error.message, privateKeyMarker);
            assert.doesNotMatch(error.message, /SharedAccessKey=[A-Za-z0-9+/]{10}/);
            return true;
        });
        await claim(null);
    });

    it("leaves an identity that the hub's own people may have made, and fails", async () => {
        const registry = Registry.fromTokenCredential(farHub, new EnvironmentCredential());
        const there = (await registry.list()).responseBody.map(({ deviceId }) => deviceId);
        const id = [...former.keys()].find((one) => !there.includes(one)) ?? "";
        const primaryThumbprint = "AB".repeat(32);
        await registry.create({
            deviceId: id,
            authentication: { type: "selfSigned", x509Thumbprint: { primaryThumbprint } },
        } as unknown as Parameters<Registry["create"]>[0]);
        await assert.rejects(
            up(),
            new RegExp(`device "${id}" can still connect to ${farHub}: it has no owner tag`),
        );
        const { responseBody } = await registry.get(id);
        assert.equal(
            responseBody.authentication?.x509Thumbprint?.primaryThumbprint,
            primaryThumbprint,
        );
        await registry.delete(id);
    });

    it("a hub that is not linked any more has none of the stack's devices", async () => {
        assert.ok(onFar().length > 0);
        await up();
        const registry = Registry.fromTokenCredential(farHub, new EnvironmentCredential());
        assert.deepEqual((await registry.list()).responseBody, []);
        for (const id of onFar()) {
            await assert.rejects(connects(former.get(id) as DeviceCredentials), id);
        }
        await leavesNothing();
        for (const { id } of bystanders) {
            assert.notEqual(hubOf(await meets(id)), farHub);
        }
    });

    it("and gets them when it is linked again", async () => {
        const { id } = (await far.outputs()).hub;
        near.change((all) => void (all.dps = { linkedHubs: [{ id, location }] }));
        await up();
        await leavesNothing();
        for (const one of bystanders) {
            await meets(one.id);
        }
    });
});
