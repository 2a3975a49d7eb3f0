import { EnvironmentCredential } from "@azure/identity";
import * as pulumi from "@pulumi/pulumi";
import { Registry } from "azure-iothub";

interface Inputs {
    readonly hostName: string;
    readonly deviceId: string;
}

/** Arguments of a {@link DeviceIdentity}. */
export interface DeviceIdentityArgs {
    readonly hostName: pulumi.Input<string>;
    readonly deviceId: pulumi.Input<string>;
}

/** One call for each device and verb. */
class DeviceIdentityProvider implements pulumi.dynamic.ResourceProvider<Inputs, Inputs> {
    /** Kept, so that one token serves all devices of a run. */
    private registry: Registry | undefined;

    async create(inputs: Inputs): Promise<pulumi.dynamic.CreateResult<Inputs>> {
        await this.open(inputs).create({
            deviceId: inputs.deviceId,
            status: "enabled",
            authentication: { type: "certificateAuthority" },
        });
        return { id: inputs.deviceId, outs: inputs };
    }

    async read(id: string, state?: Inputs): Promise<pulumi.dynamic.ReadResult<Inputs>> {
        if (state !== undefined) {
            await this.open(state).get(id);
        }
        return { id, props: state };
    }

    async diff(_: string, olds: Inputs, news: Inputs): Promise<pulumi.dynamic.DiffResult> {
        const replaces = (["hostName", "deviceId"] as const).filter(
            (key) => olds[key] !== news[key],
        );
        return { changes: replaces.length > 0, replaces };
    }

    async delete(id: string, state: Inputs): Promise<void> {
        await this.open(state).delete(id);
    }

    private open({ hostName }: Inputs): Registry {
        this.registry ??= Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        return this.registry;
    }
}

/** A device that the hub knows by the CA of its certificate. */
export class DeviceIdentity extends pulumi.dynamic.Resource {
    constructor(name: string, args: DeviceIdentityArgs, options?: pulumi.CustomResourceOptions) {
        super(new DeviceIdentityProvider(), name, args, options, "naive", "DeviceIdentity");
    }
}
