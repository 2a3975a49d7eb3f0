import * as assert from "assert";
import { ProvisioningService, RefusedRegistration } from "../../emulator/dps/model";
import { Hub } from "../../emulator/hub/model";
import { PrivateEmulator, startPrivate } from "./emulator";
import { addHub } from "./hubs";
import { chain, issue, Issued, makeCa } from "./pki";
import { addGroup, addService, references, uploadServiceCa } from "./provisioningService";
import { Answer, Device, register, Wire } from "./provisioningWire";

/** An emulator with two hubs, a service that is linked to both, and a root with two intermediates. */
export interface ProvisioningWorld {
    readonly emulator: PrivateEmulator;
    readonly first: Hub;
    readonly second: Hub;
    readonly service: ProvisioningService;
    readonly root: Issued;
    /** Issuer of the group "factory". */
    readonly factory: Issued;
    /** An issuer without a group. */
    readonly other: Issued;
}

export async function startProvisioning(): Promise<ProvisioningWorld> {
    const emulator = await startPrivate();
    emulator.emulator.context.settings.registrationSeconds = 0.02;
    const first = addHub(emulator.emulator, "first");
    const second = addHub(emulator.emulator, "second");
    const service = addService(emulator.emulator, "trial", [first, second]);
    const root = await makeCa({ commonName: "Trial Root" });
    const factory = await issue(root, { commonName: "Factory", ca: true });
    const other = await issue(root, { commonName: "Other", ca: true });
    uploadServiceCa(service, "root", root);
    uploadServiceCa(service, "factory", factory);
    addGroup(service, "factory", references("factory"));
    return { emulator, first, second, service, root, factory, other };
}

/** A device of the group "factory", with a new certificate, that sends leaf and intermediate. */
export async function factoryDevice(
    world: ProvisioningWorld,
    registrationId: string,
): Promise<Device & { readonly leaf: Issued }> {
    const leaf = await issue(world.factory, { commonName: registrationId });
    const { idScope } = world.service;
    return { idScope, registrationId, leaf, chain: chain(leaf, world.factory) };
}

/** Registers and expects success; the registration's state. */
export async function assigned(
    wire: Wire,
    world: ProvisioningWorld,
    device: Device,
): Promise<Record<string, unknown>> {
    const { status, body } = await register(wire, world.emulator, device);
    assert.deepStrictEqual([status, body.status], [200, "assigned"], JSON.stringify(body));
    return body.registrationState as Record<string, unknown>;
}

export interface RefusedCase {
    readonly reason: string;
    readonly name: string;
    /** What the recorded detail must say, so that a person can mend it. */
    readonly detail: RegExp;
    /** Default: both. */
    readonly wires?: readonly Wire[];
    /** Expected on both wires: 401 with this text, unless `answer` says otherwise. */
    readonly message?: string;
    readonly errorCode?: number;
    readonly status?: number;
    /** CONNACK return code, when MQTT refuses the connection itself. */
    readonly connack?: number;
    readonly attempt: (
        world: ProvisioningWorld,
        id: string,
    ) => Promise<Partial<Device>> | Partial<Device>;
}

/** A test for each case and wire: what the device sees, and the reason at the management API. */
export function describeRefusedRegistrations(title: string, cases: readonly RefusedCase[]): void {
    describe(title, () => {
        for (const one of cases) {
            for (const wire of one.wires ?? (["MQTT", "HTTPS"] as const)) {
                it(`${one.reason}: ${one.name}, ${wire}`, () => refuse(one, wire));
            }
        }
    });
}

async function refuse(one: RefusedCase, wire: Wire): Promise<void> {
    const world = await startProvisioning();
    try {
        const id = "device-1";
        const device = { ...(await factoryDevice(world, id)), ...(await one.attempt(world, id)) };
        const answer = await register(wire, world.emulator, device);
        expectAnswer(one, wire, answer);
        const kept = await world.emulator.manage<RefusedRegistration[]>(
            "GET",
            "/refused-registrations",
        );
        assert.deepStrictEqual(
            kept.map(({ reason }) => reason),
            [one.reason],
        );
        assert.match(kept[0].detail, one.detail);
        const devices = [...world.first.devices, ...world.second.devices];
        assert.deepStrictEqual(devices, [], "a refused registration made a device");
    } finally {
        await world.emulator.stop();
    }
}

function expectAnswer(one: RefusedCase, wire: Wire, answer: Answer): void {
    if (wire === "MQTT" && one.connack !== undefined) {
        assert.strictEqual(answer.connack, one.connack);
        return;
    }
    const { status, body } = answer;
    assert.strictEqual(status, one.status ?? 401, JSON.stringify(body));
    if (status === 200) {
        const state = body.registrationState ?? {};
        assert.strictEqual(body.status, state.status);
        assert.strictEqual(state.errorCode, one.errorCode);
        assert.strictEqual(state.assignedHub, undefined);
        return;
    }
    assert.deepStrictEqual(Object.keys(body).sort(), [
        "errorCode",
        "message",
        "timestampUtc",
        "trackingId",
    ]);
    assert.strictEqual(body.errorCode, one.errorCode ?? 401002);
    if (one.message !== undefined) {
        assert.strictEqual(body.message, one.message);
    }
}
