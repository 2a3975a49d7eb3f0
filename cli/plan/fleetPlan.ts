import { HubSize } from "../../components/azure/serviceLimits";
import { DeviceAuthentication } from "../../stacks/deviceKinds/deviceKinds";
import { DeviceProvisioning } from "../../stacks/deviceProvisioning";
import { Deployment } from "./planModel";

/** A count and its limit. */
export interface Use {
    readonly count: number;
    readonly limit: number;
}

/** CA certificates on one service. */
export interface CertificateUse extends Use {
    /** How many of them are earlier generations retained by rollovers. */
    readonly retained: number;
    /** Number of groups whose CA the service knows, directly or through the root. */
    readonly groups: number;
    /** How many of these groups can still start a rollover at the same time. */
    readonly canRollOver: number;
}

/** Duration of one run; `minutes` is the engine's time, or its start plus the hub's throttling if that is longer. */
export interface Duration {
    readonly hubMinutes: number;
    readonly engineMinutes: number;
    readonly minutes: number;
}

/** Identity operations and the bulk requests that carry them. */
export interface RegistryRun extends Duration {
    readonly registryOperations: number;
    /**
     * The minimum, with full requests. Measurements showed somewhat more with shards, and 14 times as many in one stack of
     * 1,000 devices, because devices come one by one while the state is written (docs/bench.md).
     */
    readonly httpRequests: number;
}

/** Number of devices of a group; `group` is null for devices that need none. */
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

/** What a configuration will cost, predicted before anything is deployed. */
export interface FleetPlan extends Deployment {
    readonly hub: HubSize & { readonly certificates: CertificateUse };
    readonly devices: {
        readonly total: number;
        /** Devices on the hub's list, and the hub's limit. */
        readonly listed: Use;
        /** Devices known only to the provisioning service. */
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
    /** Creation of all devices, without the time that Azure takes for hub and role. */
    readonly firstUp: RegistryRun;
    /** The first `up` on other hubs. */
    readonly tiers: readonly (HubSize & Duration)[];
    /** Later additions of listed devices with elliptic-curve keys; if each group is a shard, all in the largest. */
    readonly additions: readonly (RegistryRun & { readonly devices: number })[];
    /** A refresh, which reads the twin of each identity. */
    readonly refresh: Duration & { readonly reads: number };
    /** State of the devices only. */
    readonly state: {
        readonly bytes: number;
        readonly bytesPerDevice: number;
        /** For the largest shard, if they differ. */
        readonly bytesPerShard: number;
    };
    /** Null unless each group is a shard: hashing makes shards equal. */
    readonly largestShard: LargestShard | null;
    readonly advice: readonly Advice[];
}

/** Environment in which the plan would be carried out. */
export interface PlanOptions {
    /** Processors of the deploying machine. */
    readonly cores: number;
    /** Stack named in the commands of the advice; default: none, so that they apply to the selected stack. */
    readonly stack?: string;
    /** Size of the whole configuration as the engine passes it to the program, in bytes. Default 0: not checked. */
    readonly configurationBytes?: number;
}

/** One recommended change. */
export interface Advice {
    /** `units`, `shards`, `dps`, `certificates`, `enrollmentGroups`, `devices`, `configuration` or `keys`. */
    readonly topic: string;
    readonly reason: string;
    /** The setting or the command. */
    readonly action: string;
}
