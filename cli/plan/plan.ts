import {
    hubLimits,
    HubSize,
    largestBatch,
    serviceLimits,
} from "../../components/azure/serviceLimits";
import { DeviceSettings, GroupSettings, Settings } from "../../stacks/settings";
import { advise } from "./planAdvice";
import {
    Deployment,
    EngineWork,
    fleetStacksSeconds,
    oneStackSeconds,
    startSeconds,
    throttledMinutes,
} from "./planModel";
import { largestShare, newDevices, stackShares, StackShare } from "./planShards";
import { CertificateUse, Duration, GroupCount, FleetPlan, PlanOptions } from "./fleetPlan";
import { countKinds } from "../../stacks/deviceKinds/deviceKinds";
import { defaultProvisioning, isListed, registersAtDps } from "../../stacks/deviceProvisioning";

const comparedTiers: readonly HubSize[] = [
    { sku: "S1", units: 1 },
    { sku: "S1", units: 2 },
    { sku: "S1", units: 10 },
    { sku: "S2", units: 1 },
    { sku: "S3", units: 1 },
];

/** Predicts what a checked configuration costs. Reads and changes nothing. */
export function planFleet(settings: Settings, options: PlanOptions): FleetPlan {
    const { cores } = options;
    const shares = stackShares(settings);
    const deployment: Deployment = {
        cores,
        shards: settings.shards === undefined ? undefined : shares.length,
    };
    const { sku, units } = settings.hub;
    const total = settings.devices.length;
    const listed = sum(shares.map((share) => share.listed));
    const bytes = sum(shares.map((share) => share.bytes));
    const work = shares.map(({ devices, keySeconds }): EngineWork => ({
        unchanged: 0,
        created: devices,
        keySeconds,
    }));
    const run = (size: HubSize, operations: number, stacks: readonly EngineWork[]): Duration =>
        duration(
            throttledMinutes(operations, hubLimits(size).registryPerMinute),
            stacks,
            deployment,
        );
    const addition = (count: number): FleetPlan["additions"][number] => {
        const added = newDevices(shares, count);
        const stacks = shares.map(({ devices }, index): EngineWork => ({
            unchanged: devices,
            created: added[index],
            keySeconds: 0,
        }));
        return {
            devices: count,
            registryOperations: count,
            httpRequests: bulkRequests(added),
            ...run(settings.hub, count, stacks),
        };
    };
    const largest = largestShare(shares);
    const plan: Omit<FleetPlan, "advice"> = {
        ...deployment,
        hub: { sku, units, certificates: hubCertificates(settings) },
        devices: {
            total,
            listed: { count: listed, limit: serviceLimits.hubDevices },
            provisioned: total - listed,
            byAuthentication: countKinds(settings.devices),
            byGroup: countGroups(settings),
        },
        dps: settings.dps === undefined ? null : planProvisioning(settings),
        firstUp: {
            registryOperations: listed,
            httpRequests: bulkRequests(shares.map((share) => share.listed)),
            ...run(settings.hub, listed, work),
        },
        tiers: comparedTiers.map((size) => ({ ...size, ...run(size, listed, work) })),
        additions: [1, 100].map(addition),
        refresh: planRefresh(settings.hub, shares, deployment),
        state: {
            bytes,
            bytesPerDevice: total === 0 ? 0 : bytes / total,
            bytesPerShard: largest.bytes,
        },
        largestShard:
            largest.shard === undefined
                ? null
                : { name: largest.shard, devices: largest.devices, bytes: largest.bytes },
    };
    const keySeconds = sum(shares.map((share) => share.keySeconds));
    return {
        ...plan,
        advice: advise(settings, plan, { unchanged: 0, created: total, keySeconds }, options),
    };
}

function duration(
    hubMinutes: number,
    stacks: readonly EngineWork[],
    deployment: Deployment,
): Duration {
    const { cores, shards } = deployment;
    const seconds =
        shards === undefined
            ? oneStackSeconds(stacks[0], cores)
            : fleetStacksSeconds(stacks, cores);
    const engineMinutes = seconds / 60;
    const waiting = startSeconds(deployment) / 60 + hubMinutes;
    return { hubMinutes, engineMinutes, minutes: Math.max(waiting, engineMinutes) };
}

/** Each stack is a separate process, which fills its own requests. */
function bulkRequests(operationsByStack: readonly number[]): number {
    return sum(operationsByStack.map((operations) => Math.ceil(operations / largestBatch)));
}

function planRefresh(
    hub: HubSize,
    shares: readonly StackShare[],
    deployment: Deployment,
): FleetPlan["refresh"] {
    const reads = sum(shares.map((share) => share.listed));
    const stacks = shares.map(({ devices }): EngineWork => ({
        unchanged: devices,
        created: 0,
        keySeconds: 0,
    }));
    const { twinReadsPerSecond } = hubLimits(hub);
    const hubMinutes = reads / twinReadsPerSecond / 60;
    return { reads, ...duration(hubMinutes, stacks, deployment) };
}

function planProvisioning(settings: Settings): FleetPlan["dps"] {
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    /** An individual enrollment, or a disabled one that keeps the device, or others with its ID, from registering. */
    const hasEnrollment = ({ group, individualEnrollment, status }: DeviceSettings): boolean => {
        const own = group === undefined ? undefined : groups.get(group);
        return (
            individualEnrollment ||
            (own !== undefined && !registersAtDps(own) && settings.dps?.reserveIds === true) ||
            (registersAtDps(own) && status === "disabled")
        );
    };
    const enrolled = settings.groups.filter(registersAtDps);
    return {
        certificates: certificateUse(settings, enrolled),
        enrollmentGroups: { count: enrolled.length, limit: serviceLimits.enrollmentGroups },
        individualEnrollments: {
            count: settings.devices.filter(hasEnrollment).length,
            limit: serviceLimits.individualEnrollments,
        },
    };
}

/** The hub has no CAs of blocked groups, and none of devices that the provisioning service creates. */
function hubCertificates(settings: Settings): CertificateUse {
    return certificateUse(
        settings,
        settings.groups.filter((group) => isListed(group) && !group.blocked),
    );
}

function certificateUse(settings: Settings, groups: readonly GroupSettings[]): CertificateUse {
    const limit = serviceLimits.certificates;
    const all = groups.length;
    if (settings.pki.trust === "root") {
        return { count: 1, limit, retained: 0, groups: all, canRollOver: all };
    }
    const retained = sum(groups.map(({ intermediate }) => intermediate.retain.length));
    const count = all + retained;
    return { count, limit, retained, groups: all, canRollOver: Math.min(all, limit - count) };
}

function countGroups({ groups, devices }: Settings): GroupCount[] {
    const counts = new Map<string | undefined, number>();
    for (const { group } of devices) {
        counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    const named = groups.map(({ name, provisioning }) => ({
        group: name,
        devices: counts.get(name) ?? 0,
        provisioning,
    }));
    const without = counts.get(undefined) ?? 0;
    return without === 0
        ? named
        : [...named, { group: null, devices: without, provisioning: defaultProvisioning }];
}

function sum(numbers: readonly number[]): number {
    return numbers.reduce((total, number) => total + number, 0);
}
