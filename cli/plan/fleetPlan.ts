import { HubSize } from "../../components/azure/serviceLimits";
import { DeviceAuthentication } from "../../stacks/deviceKinds/deviceKinds";
import { DeviceProvisioning } from "../../stacks/deviceProvisioning";
import { Deployment } from "./planModel";

/** A count and the most that there may be. */
export interface Use {
    readonly count: number;
    readonly limit: number;
}

/** CA certificates on one service. */
export interface CertificateUse extends Use {
    /** Of the count: earlier generations that rollovers keep. */
    readonly retained: number;
    /** Groups whose CA it knows, itself or by the root. */
    readonly groups: number;
    /** Of these: how many can still start a rollover at the same time. */
    readonly canRollOver: number;
}

/** What one run takes: `minutes` is what the engine needs, or its start and what the hub makes it wait if that is longer. */
export interface Duration {
    readonly hubMinutes: number;
    readonly engineMinutes: number;
    readonly minutes: number;
}

/** Identity operations and the bulk requests that carry them. */
export interface RegistryRun extends Duration {
    readonly registryOperations: number;
    /**
     * With as many devices in each as it takes: the fewest. In shards somewhat more were measured; in one stack of 1,000
     * devices 14 times as many, because devices come one by one while the state is written (docs/bench.md).
     */
    readonly httpRequests: number;
}

/** Devices of a group; `group` is null for those that need none. */
export interface GroupCount {
    readonly group: string | null;
    readonly devices: number;
    readonly provisioning: DeviceProvisioning;
}

/** What the shard with the largest state holds. */
export interface LargestShard {
    readonly name: string;
    readonly devices: number;
    readonly bytes: number;
}

/** What a configuration will cost, before anything is deployed. */
export interface FleetPlan extends Deployment {
    readonly hub: HubSize & { readonly certificates: CertificateUse };
    readonly devices: {
        readonly total: number;
        /** On the hub's list, against what a hub takes. */
        readonly listed: Use;
        /** Known to the provisioning service alone. */
        readonly provisioned: number;
        readonly byAuthentication: Readonly<Record<DeviceAuthentication["kind"], number>>;
        readonly byGroup: readonly GroupCount[];
    };
    /** Null without a provisioning service. */
    readonly dps: {
        readonly certificates: CertificateUse;
        readonly enrollmentGroups: Use;
        readonly individualEnrollments: Use;
    } | null;
    /** The making of all devices; hub and role are Azure's own minutes and not in it. */
    readonly firstUp: RegistryRun;
    /** The same on other hubs. */
    readonly tiers: readonly (HubSize & Duration)[];
    /** More devices, listed and with elliptic keys, later; where each group is a shard, all of them in the largest. */
    readonly additions: readonly (RegistryRun & { readonly devices: number })[];
    /** Each identity's twin is read. */
    readonly refresh: Duration & { readonly reads: number };
    /** Of the devices alone. */
    readonly state: {
        readonly bytes: number;
        readonly bytesPerDevice: number;
        /** Of the largest shard, where they differ. */
        readonly bytesPerShard: number;
    };
    /** Null unless each group is a shard: a hash makes them equal. */
    readonly largestShard: LargestShard | null;
    readonly advice: readonly Advice[];
}

/** Where a plan is carried out. */
export interface PlanOptions {
    /** Processors of the deploying machine. */
    readonly cores: number;
    /** Named in the commands of the advice; default: none is, so that they mean the selected stack. */
    readonly stack?: string;
    /** Size of the whole configuration as the engine hands it to the program, in bytes. Default 0: not looked at. */
    readonly configurationBytes?: number;
}

/** One thing to change. */
export interface Advice {
    /** `units`, `shards`, `dps`, `certificates`, `enrollmentGroups`, `devices`, `configuration` or `keys`. */
    readonly topic: string;
    readonly reason: string;
    /** The setting or the command. */
    readonly action: string;
}
