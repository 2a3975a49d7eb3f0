import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";
import type { ServiceAddress } from "../enrollments/services";
import { LeavingCa } from "./rolloverEvidence";

/** Arguments of a {@link HubAudit}. */
export interface HubAuditArgs {
    /** ARM resource ID of the hub as it is before the run; undefined if there is none. */
    readonly hubId: string | undefined;
    /** Names of the CA certificates that the stack has on it. */
    readonly certificates: readonly string[];
    /** IDs of the devices that the configuration has, in any stack. */
    readonly devices: readonly string[];
    /** IDs of the devices that the stack had until this run. */
    readonly former: readonly string[];
    /** Whether these are all; a fleet has devices in other stacks, whose states only `npm run fleet` reads. */
    readonly areAllFormer: boolean;
    /** The stack's provisioning service as it is before the run; undefined if there is none. */
    readonly service?: ServiceAddress;
    /** IDs of the enrollment groups that configuration or state have on it. */
    readonly enrollmentGroups: readonly string[];
    /** Who they belong to: `project/stack`. */
    readonly owner: string;
    /** Whether anything undeclared is an error instead of a warning. */
    readonly isStrict: boolean;
    /** CAs that the run removes, with the devices that depend on them. */
    readonly leaving: readonly LeavingCa[];
    /** Devices that may lose a CA they depend on: their IDs, or at most how many. */
    readonly accepted: number | readonly string[];
}

/**
 * Names CAs and devices on the hub, and enrollment groups of the provisioning service, that the stack did not declare: whoever
 * obtained a CA's key, or a role there, may have left a back door. It refuses a run while the hub lets in a device of the stack
 * that configuration and state have lost, and one that lets a CA go on which devices still depend. Checks in each preview and
 * `up`, and changes nothing.
 */
export class HubAudit extends DynamicResource {
    /** Resolves when the engine has registered it, with the current settings of its provider. */
    readonly isRegistered: Promise<unknown>;

    constructor(name: string, args: HubAuditArgs, options?: pulumi.CustomResourceOptions) {
        super(
            { module: "iothub/hubAudit", type: "iothub:HubAudit" },
            name,
            {
                ...args,
                certificates: [...args.certificates],
                devices: [...args.devices],
                former: [...args.former],
                enrollmentGroups: [...args.enrollmentGroups],
                leaving: [...args.leaving],
            },
            options,
        );
        this.isRegistered = new Promise((done) => this.urn.apply(done));
    }
}
