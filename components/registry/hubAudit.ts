import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

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
    /** Who they belong to: `project/stack`. */
    readonly owner: string;
    /** Whether anything undeclared is an error instead of a warning. */
    readonly isStrict: boolean;
}

/**
 * Names CAs and devices on the hub that the stack did not declare: whoever obtained a CA's key, or a role on the hub, may
 * have left a back door. Checks in each preview and `up`, and changes nothing.
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
            },
            options,
        );
        this.isRegistered = new Promise((done) => this.urn.apply(done));
    }
}
