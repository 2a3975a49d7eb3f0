import { strict as assert } from "assert";
import { ArmWire, hubsOf, Login } from "../support/armWire";
import { Raw } from "../unit/stacks/config/configSupport";

export const location = "westeurope";
export const servicesOf = "providers/Microsoft.Devices/provisioningServices";

/** A precondition that is broken, and how the command tells it. */
export interface Broken {
    readonly name: string;
    readonly settings?: Raw | ((wire: ArmWire) => Raw);
    readonly native?: Raw;
    readonly environment?: NodeJS.ProcessEnv;
    /** Breaks it; may give the login that is used. */
    readonly break?: (wire: ArmWire) => Promise<Login | void>;
    readonly check: string;
    readonly severity: "error" | "warning" | "unchecked";
    readonly text: RegExp;
    readonly remedy: RegExp;
    readonly status: number;
}

export async function makeHub(
    wire: ArmWire,
    group: string,
    name: string,
    sku: { name: string; capacity: number } = { name: "S1", capacity: 1 },
): Promise<void> {
    await wire.arm("PUT", `/resourceGroups/${group}`, { body: { location } });
    const path = `/resourceGroups/${group}/${hubsOf}/${name}`;
    assert.equal((await wire.arm("PUT", path, { body: { location, sku } })).status, 201);
}

export async function makeService(wire: ArmWire, group: string, name: string): Promise<void> {
    await wire.arm("PUT", `/resourceGroups/${group}`, { body: { location } });
    const path = `/resourceGroups/${group}/${servicesOf}/${name}?api-version=2022-12-12`;
    const body = { location, sku: { name: "S1", capacity: 1 }, properties: {} };
    assert.equal((await wire.arm("PUT", path, { body })).status, 201);
}

export const unregister = (wire: ArmWire) =>
    wire.arm("POST", "/providers/Microsoft.Devices/unregister", {});

/** Who holds these roles on the subscription. */
export const holding =
    (...roles: string[]) =>
    (wire: ArmWire) =>
        wire.principal(...roles.map((role) => ({ role, scope: wire.subscription })));

/** Makes the emulator answer what it would never say by itself. */
export async function answers(wire: ArmWire, path: string, body: unknown): Promise<void> {
    await wire.azure.manage("POST", "/faults", {
        method: "GET",
        path: `^${path}`,
        status: 200,
        body,
    });
}
