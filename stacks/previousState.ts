import * as pulumi from "@pulumi/pulumi";

/** Outputs of a resource with secrets in plain text; never show them. */
export type Outputs = Readonly<Record<string, unknown>>;

/** The resources of a device in a state, and its group's enrollment. */
export const deviceTypes = {
    identity: "pulumi-nodejs:dynamic/iothub:DeviceIdentity",
    certificate: "pulumi-nodejs:dynamic/pki:DeviceCertificate",
    enrollment: "pulumi-nodejs:dynamic/dps:IndividualEnrollment",
    registration: "pulumi-nodejs:dynamic/dps:DeviceRegistration",
    enrollmentGroup: "pulumi-nodejs:dynamic/dps:EnrollmentGroup",
};

/** What the state of a stack holds before a run. Empty until a run of the stack has succeeded once. */
export class PreviousState {
    static readonly none = new PreviousState({}, {});

    /** By type, then by name. */
    private readonly byType = new Map<string, Map<string, Outputs>>();

    /**
     * @param outputs the stack's outputs
     * @param resources by URN
     */
    constructor(
        readonly outputs: Outputs,
        resources: Readonly<Record<string, { readonly type: string; readonly outputs: Outputs }>>,
    ) {
        for (const [urn, { type, outputs: own }] of Object.entries(resources)) {
            const named = this.byType.get(type) ?? new Map<string, Outputs>();
            this.byType.set(type, named.set(urn.slice(urn.lastIndexOf("::") + 2), own));
        }
    }

    /** @param type e.g. `tls:index/privateKey:PrivateKey` */
    find(type: string, name: string): Outputs | undefined {
        return this.all(type).get(name);
    }

    /** By name. */
    all(type: string): ReadonlyMap<string, Outputs> {
        return this.byType.get(type) ?? new Map<string, Outputs>();
    }
}

/**
 * Reads the state of a stack of this project, as a StackReference would, without being a resource.
 *
 * @param stack default: the running one
 */
export async function readPreviousState(stack = pulumi.getStack()): Promise<PreviousState> {
    const outputs = await readOutputsOf(stack);
    if (Object.keys(outputs).length === 0) {
        // The engine cannot read the resources of a stack that was never deployed: CLI 3.260 fails with a nil pointer.
        return PreviousState.none;
    }
    const resources = await invoke<ConstructorParameters<typeof PreviousState>[1]>(
        "readStackResourceOutputs",
        { stackName: fullName(stack) },
    );
    return new PreviousState(outputs, resources.outputs);
}

/** The outputs of another stack of this project; none if there is no such stack. */
export async function readOutputsOf(stack: string): Promise<Outputs> {
    try {
        return await readOutputs(stack);
    } catch (error) {
        if (/unknown stack/.test(String(error))) {
            return {};
        }
        throw error;
    }
}

async function readOutputs(stack: string): Promise<Outputs> {
    return (await invoke<Outputs>("readStackOutputs", { name: fullName(stack) })).outputs;
}

function fullName(stack: string): string {
    return `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

/** Calls a function of the engine itself. */
function invoke<T>(name: string, args: pulumi.Inputs): Promise<{ readonly outputs: T }> {
    return pulumi.runtime.invoke(`pulumi:pulumi:${name}`, args) as Promise<{ readonly outputs: T }>;
}
