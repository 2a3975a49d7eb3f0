import type { EstAuthority, EstDevice, EstGroup, EstPolicy, EstSecret } from "./policy";

/** All that the service needs of a stack where it reaches neither the project nor the stack's state. Holds CA keys. */
export interface EstBundle {
    /** Name of the stack. */
    readonly stack: string;
    /** DNS name by which devices reach the service. */
    readonly serverName: string;
    readonly policy: EstPolicy;
    /** Keys (PKCS#8 PEM) of the CAs that issue, by the CA's name. */
    readonly keys: ReadonlyMap<string, string>;
    /** The stack's own hub first, then those that its provisioning service is linked to. */
    readonly hubs: readonly { readonly id: string; readonly hostName: string }[];
    /** Tier and units of the stack's own hub. */
    readonly size: { readonly sku: string; readonly units: number };
}

const version = 1;

type WrittenGroup = Omit<EstGroup, "secrets" | "issuer"> & {
    /** Name among `trusted`. */
    readonly issuer?: string;
    readonly secrets: Readonly<Record<string, EstSecret>>;
};

interface Written extends Omit<EstBundle, "policy" | "keys"> {
    readonly version: number;
    readonly keys: Readonly<Record<string, string>>;
    readonly policy: Omit<EstPolicy, "groups" | "devices"> & {
        readonly groups: readonly WrittenGroup[];
        readonly devices: Readonly<Record<string, EstDevice>>;
    };
}

/** Writes a bundle as JSON; the same bundle gives the same text. */
export function writeBundle({ policy, keys, ...rest }: EstBundle): string {
    const written: Written = {
        version,
        ...rest,
        keys: Object.fromEntries(keys),
        policy: {
            ...policy,
            groups: [...policy.groups.values()].map(({ issuer, secrets, ...group }) => ({
                ...group,
                issuer: issuer?.name,
                secrets: Object.fromEntries(secrets),
            })),
            devices: Object.fromEntries(policy.devices),
        },
    };
    return JSON.stringify(written);
}

/** @throws Error of one sentence, without anything of the text, if it is no bundle of this version */
export function readBundle(text: string): EstBundle {
    let written: Written;
    try {
        written = JSON.parse(text) as Written;
    } catch {
        // The parser's own message quotes the text, which has keys.
        throw new Error("is no JSON — give the file that the stack writes for the container");
    }
    if (written?.version !== version) {
        throw new Error(
            `must be a bundle of version ${version} — take program and image of the same release`,
        );
    }
    const { stack, serverName, hubs, size, policy, keys } = written;
    const { groups, devices, ...rest } = policy;
    return {
        stack,
        serverName,
        hubs,
        size,
        keys: new Map(Object.entries(keys)),
        policy: {
            ...rest,
            groups: new Map(groups.map((group) => [group.name, readGroup(group)])),
            devices: new Map(
                Object.entries(devices).map(([id, { group, isDisabled }]) => [
                    id,
                    { group, isDisabled },
                ]),
            ),
        },
    };
}

function readGroup({ issuer, secrets, ...group }: WrittenGroup): EstGroup {
    const { trusted, rootPem, bootstrapPem } = group;
    return {
        ...group,
        issuer: trusted.find(({ name }: EstAuthority) => name === issuer),
        rootPem,
        bootstrapPem,
        secrets: new Map(Object.entries(secrets)),
    };
}
