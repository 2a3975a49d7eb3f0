import { deviceKinds } from "../../stacks/deviceKinds/deviceKinds";
import { provisioningLabel } from "../../stacks/deviceProvisioning";
import type { CertificateUse, Duration, FleetPlan, RegistryRun } from "./fleetPlan";

/** A plan as lines of text. */
export function planLines(plan: FleetPlan): string[] {
    const { devices, firstUp, refresh, state } = plan;
    const place =
        plan.shards === undefined
            ? "one stack (pulumi up --parallel 256)"
            : plural(plan.shards, "shard");
    return [
        `Devices: ${count(devices.total)}`,
        ...table(
            deviceKinds.map(({ kind, label }) => [label, count(devices.byAuthentication[kind])]),
        ),
        "By group",
        ...table(
            devices.byGroup.map(({ group, devices: members, provisioning }) => [
                group ?? "(no group)",
                count(members),
                provisioningLabel({ provisioning }),
            ]),
        ),
        "Limits",
        ...table([
            ["devices listed on the hub", use(devices.listed)],
            ...(devices.provisioned === 0
                ? []
                : [["devices only through the provisioning service", count(devices.provisioned)]]),
            ["CA certificates on the hub", certificates(plan.hub.certificates)],
            ...(plan.dps === null
                ? []
                : [
                      [
                          "CA certificates on the provisioning service",
                          certificates(plan.dps.certificates),
                      ],
                      ["enrollment groups", use(plan.dps.enrollmentGroups)],
                      ["individual enrollments", use(plan.dps.individualEnrollments)],
                  ]),
        ]),
        `First up at ${plan.hub.sku} x ${plan.hub.units}, ${place}, ${plan.cores} cores`,
        ...table([
            ["registry operations", count(firstUp.registryOperations)],
            ["bulk requests", bulkRequests(plan, firstUp)],
            ["time", time(firstUp)],
        ]),
        "  In addition, Azure takes some minutes for the hub itself and its role.",
        "The same with other tiers and units",
        ...table(plan.tiers.map((tier) => [`${tier.sku} x ${tier.units}`, time(tier)])),
        "Later",
        ...table([
            ...plan.additions.map((added) => [
                `${count(added.devices)} more`,
                `${time(added)}; ${bulkRequests(plan, added)} bulk request${added.httpRequests === 1 ? "" : "s"}`,
            ]),
            ["refresh", `${time(refresh)}; ${plural(refresh.reads, "twin read")}`],
        ]),
        "State of the devices",
        ...table([
            ["total", bytes(state.bytes)],
            ["per device", bytes(state.bytesPerDevice)],
            ...shardRows(plan),
        ]),
        ...(plan.advice.length === 0 ? [] : ["Advice"]),
        ...plan.advice.flatMap(({ reason, action }) => [`  - ${reason}`, `    ${action}`]),
    ];
}

/** What one shard holds; if shards differ, the largest. */
function shardRows({ shards, state, largestShard }: FleetPlan): string[][] {
    if (largestShard === null) {
        return shards === undefined ? [] : [["per shard", bytes(state.bytesPerShard)]];
    }
    const { name, devices } = largestShard;
    return [
        [
            "the largest shard",
            `${bytes(largestShard.bytes)}; ${name}, ${plural(devices, "device")}`,
        ],
    ];
}

/** In one stack, devices come one by one while the state is written, so requests are rarely full. */
function bulkRequests({ shards }: FleetPlan, run: RegistryRun): string {
    const isLeast = shards === undefined && run.registryOperations > 1;
    return `${isLeast ? "at least " : ""}${count(run.httpRequests)}`;
}

/** Aligned columns, the second one left-aligned. */
function table(rows: readonly (readonly string[])[]): string[] {
    const width = Math.max(...rows.map(([first]) => first.length));
    return rows.map(([first, ...others]) =>
        `  ${first.padEnd(width)}  ${others.filter((text) => text !== "").join("  ")}`.trimEnd(),
    );
}

function use({ count: used, limit }: { readonly count: number; readonly limit: number }): string {
    return `${count(used)} of ${count(limit)}`;
}

function certificates(used: CertificateUse): string {
    const retained = used.retained === 0 ? "" : `, ${used.retained} of them retained`;
    return `${use(used)}${retained}; ${used.canRollOver} of ${used.groups} groups can roll over at the same time`;
}

function time({ minutes, hubMinutes, engineMinutes }: Duration): string {
    return `${span(minutes)} (hub's throttle ${span(hubMinutes)}, engine ${span(engineMinutes)})`;
}

function span(minutes: number): string {
    const seconds = Math.round(minutes * 60);
    return seconds < 60 ? `${seconds} s` : `${minutes.toFixed(minutes < 10 ? 1 : 0)} min`;
}

function bytes(value: number): string {
    return value < 1024 ** 2
        ? `${(value / 1024).toFixed(1)} KiB`
        : `${(value / 1024 ** 2).toFixed(1)} MiB`;
}

function plural(value: number, one: string, many = `${one}s`): string {
    return `${count(value)} ${value === 1 ? one : many}`;
}

function count(value: number): string {
    return value.toLocaleString("en-US");
}
