import { hubLimits, HubSize } from "../../components/azure/serviceLimits";
import { shellWord } from "../../components/text/shellWords";
import { Settings } from "../../stacks/settings";
import type { Advice, FleetPlan, PlanOptions } from "./fleetPlan";
import { EngineWork, fleetStacksSeconds, keySeconds } from "./planModel";
import { equalWork } from "./planShards";
import { isListed } from "../../stacks/deviceProvisioning";

/** From this duration on, a first `up` is worth shortening. */
const longRunMinutes = 10;
/** From this size on, the state is slow to write and to fetch. */
const largeStateBytes = 10 * 1024 ** 2;
/** From this duration on, the engine's own time is worth dividing. */
const longEngineMinutes = 2;
/** Large enough that a stack's start takes little time compared with its devices; its state is then still 2 MB. */
const devicesPerShard = 500;
/** More are refused (stacks/config/shards.ts). */
const mostShards = 1000;
/** Listed fleets from this size on take hours on a small hub, and stay in the state. */
const veryLargeFleet = 20_000;
const longKeySeconds = 60;
/** Fraction of a limit from which use counts as close to it. */
const near = 0.8;
/** Linux's size limit for one environment variable (MAX_ARG_STRLEN: execve(2)), in bytes. */
const largestVariable = 128 * 1024;
/** Maximum number of units of a hub, by tier (Azure docs: iot-hub-scaling). */
const mostUnits: Readonly<Record<string, number>> = {
    F1: 1,
    S1: 200,
    S2: 200,
    S3: 10,
};

type Figures = Omit<FleetPlan, "advice">;

/** Returns the command that sets a setting. */
type SetCommand = (key: string, value: string | number) => string;

function stackFlag({ stack }: PlanOptions): string {
    return stack === undefined ? "" : ` --stack ${shellWord(stack)}`;
}

/**
 * What to change, and why; empty if no limit is close.
 *
 * @param work the engine's share of the first `up`
 */
export function advise(
    settings: Settings,
    plan: Figures,
    work: EngineWork,
    options: PlanOptions,
): Advice[] {
    const set: SetCommand = (key, value) =>
        `pulumi config set${stackFlag(options)} --path ${shellWord(`iot-x509:${key}`)} ${shellWord(String(value))}`;
    return [
        ...deviceAdvice(plan),
        ...shardAdvice(plan, work, options),
        ...unitAdvice(plan, set),
        ...provisioningAdvice(settings, plan, set),
        ...certificateAdvice(settings, plan, set),
        ...keyAdvice(settings, plan, work, set),
        ...configurationAdvice(options.configurationBytes ?? 0),
    ];
}

function deviceAdvice({ devices: { listed }, dps }: Figures): Advice[] {
    const found: Advice[] = [];
    if (listed.count > near * listed.limit) {
        found.push({
            topic: "devices",
            reason: `${number(listed.count)} devices on one hub, which holds ${number(listed.limit)}`,
            action: "divide the devices between stacks, each with its own hub",
        });
    }
    if (dps !== null && dps.enrollmentGroups.count > near * dps.enrollmentGroups.limit) {
        const { count, limit } = dps.enrollmentGroups;
        found.push({
            topic: "enrollmentGroups",
            reason: `${count} enrollment groups; a provisioning service holds ${limit}`,
            action: "use fewer groups, or divide them between stacks, each with its own service",
        });
    }
    return found;
}

function shardAdvice(plan: Figures, work: EngineWork, options: PlanOptions): Advice[] {
    const shards = Math.min(mostShards, Math.ceil(plan.devices.total / devicesPerShard));
    const present = plan.shards ?? 1;
    const { engineMinutes, hubMinutes } = plan.firstUp;
    const isLarge =
        engineMinutes > Math.max(hubMinutes, longEngineMinutes) ||
        plan.state.bytesPerShard > largeStateBytes;
    // A single group may be too large, however many there are.
    const canDivide = plan.largestShard !== null || shards > present;
    const minutes = fleetStacksSeconds(equalWork(work, Math.max(1, shards)), plan.cores) / 60;
    if (!isLarge || !canDivide || minutes >= engineMinutes) {
        return [];
    }
    const held =
        plan.largestShard !== null
            ? `the largest of ${present} shards, ${plan.largestShard.name}, holds`
            : plan.shards === undefined
              ? "one stack holds"
              : `each of ${present} shards holds`;
    const most = plan.largestShard?.devices ?? Math.ceil(plan.devices.total / present);
    return [
        {
            topic: "shards",
            reason:
                `${held} ${number(most)} devices and ${megabytes(plan.state.bytesPerShard)} of state: ` +
                `${tenths(engineMinutes)} min of engine time, in ${shards} shards ${tenths(minutes)} min`,
            action: `npm run fleet -- up${stackFlag(options)} --shards ${shards}`,
        },
    ];
}

function unitAdvice({ hub, firstUp }: Figures, set: SetCommand): Advice[] {
    if (firstUp.hubMinutes < longRunMinutes) {
        return [];
    }
    const operations = firstUp.registryOperations;
    // A tier that cannot have enough units is skipped: F1 has one unit, and S1 at most 200.
    const better = [hub.sku, "S1", "S3"]
        .map((sku): HubSize => ({ sku, units: unitsFor(sku, operations) }))
        .find(({ sku, units }) => units <= mostUnits[sku]);
    if (better === undefined) {
        return [];
    }
    const settings = [
        ...(better.sku === hub.sku ? [] : [set("hub.sku", better.sku)]),
        set("hub.units", better.units),
    ];
    const rate = hubLimits(hub).registryPerMinute;
    return [
        {
            topic: "units",
            reason:
                `${hub.sku} x ${hub.units} allows ${number(rate)} identity operations per minute: ` +
                `${tenths(firstUp.hubMinutes)} min for ${number(operations)}; ` +
                `${better.sku} x ${better.units} needs less than ${longRunMinutes}`,
            action: settings.join("; "),
        },
    ];
}

/** The fewest units that allow the operations in less than ten minutes, including the burst of one minute. */
function unitsFor(sku: string, operations: number): number {
    const perUnit = hubLimits({ sku, units: 1 }).registryPerMinute;
    return Math.floor(operations / ((longRunMinutes + 1) * perUnit)) + 1;
}

function provisioningAdvice(settings: Settings, { devices }: Figures, set: SetCommand): Advice[] {
    const listed = devices.byGroup
        .filter(({ group, provisioning }) => group !== null && isListed({ provisioning }))
        .sort((one, other) => other.devices - one.devices);
    const [largest] = listed;
    if (devices.listed.count < veryLargeFleet || largest === undefined || largest.devices === 0) {
        return [];
    }
    const service = settings.dps === undefined ? `${set("dps.units", 1)}; ` : "";
    return [
        {
            topic: "dps",
            reason:
                `${number(devices.listed.count)} devices are listed one by one; through the provisioning service ` +
                `they register themselves, and a group costs one enrollment. If the group is already deployed, ` +
                `the next up ${settings.pruneDevices ? "deletes" : "disables"} its listed identities, and devices ` +
                `whose software does not register at a provisioning service are cut off`,
            action: `${service}${set(`groups.${largest.group}.provisioning`, "dps")}`,
        },
    ];
}

function certificateAdvice(settings: Settings, { hub, dps }: Figures, set: SetCommand): Advice[] {
    const services = [
        { name: "the hub", use: hub.certificates },
        ...(dps === null ? [] : [{ name: "the provisioning service", use: dps.certificates }]),
    ];
    // An offline root cannot be proven on two services, so the configuration refuses it.
    const canTrustRoot = settings.dps === undefined || settings.pki.root.keys === "managed";
    return services
        .filter(({ use }) => use.canRollOver < use.groups)
        .map(({ name, use }) => ({
            topic: "certificates",
            reason:
                `${name} has ${use.count} of ${use.limit} CA certificates, so that ` +
                `${use.canRollOver} of ${use.groups} groups can still roll over at once`,
            action: canTrustRoot
                ? set("pki.trust", "root")
                : "roll over one group after the other, or use fewer groups",
        }));
}

function keyAdvice(
    settings: Settings,
    { cores }: Figures,
    work: EngineWork,
    set: SetCommand,
): Advice[] {
    if (work.keySeconds / cores < longKeySeconds) {
        return [];
    }
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const names = new Set(
        settings.devices
            .filter((device) => keySeconds(device, groups.get(device.group ?? "")) > 0)
            .map((device) => device.group),
    );
    return [
        {
            topic: "keys",
            reason:
                `generating the RSA keys takes ${tenths(work.keySeconds / cores / 60)} min on all ` +
                `${cores} cores; elliptic-curve keys take almost no time`,
            action: [...names]
                .map((name) => set(`groups.${name}.keyAlgorithm`, "ECDSA-P256"))
                .join("; "),
        },
    ];
}

function configurationAdvice(bytes: number): Advice[] {
    if (bytes <= near * largestVariable) {
        return [];
    }
    return [
        {
            topic: "configuration",
            reason:
                `the configuration has ${Math.round(bytes / 1024)} KiB; the engine passes it in one ` +
                `environment variable, which Linux limits to ${largestVariable / 1024} KiB`,
            action: "put the devices in a table: iot-x509:devicesFile: devices/fleet.csv",
        },
    ];
}

/** The number with thousands separators. */
function number(value: number): string {
    return value.toLocaleString("en-US");
}

function tenths(value: number): string {
    return value.toFixed(1);
}

function megabytes(bytes: number): string {
    return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
