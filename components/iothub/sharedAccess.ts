import { createHmac } from "crypto";
import * as iothub from "@pulumi/azure-native/iothub";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** A shared access policy of a hub with its keys (base64). */
export interface SharedAccessPolicy {
    readonly keyName: string;
    readonly rights: iothub.AccessRights | `${iothub.AccessRights}`;
    readonly primaryKey: string;
    readonly secondaryKey: string;
}

/** The minimum that linking a hub requires (Azure docs: how-to-manage-linked-iot-hubs). No device can use it. */
export const provisioningPolicy = {
    keyName: "iot-x509-dps",
    rights: "RegistryWrite, ServiceConnect",
} as const;

/** The policies that Azure creates by default (Azure docs: iot-hub-dev-guide-sas, "Access control and permissions"). */
const defaultPolicies = [
    { keyName: "iothubowner", rights: "RegistryWrite, ServiceConnect, DeviceConnect" },
    { keyName: "service", rights: "ServiceConnect" },
    { keyName: "device", rights: "DeviceConnect" },
    { keyName: "registryRead", rights: "RegistryRead" },
    { keyName: "registryReadWrite", rights: "RegistryWrite" },
] as const;

/** The keys of policies are derived from it; kept in the state as a secret. */
export function policySecret(name: string, parent: pulumi.Resource): pulumi.Output<string> {
    const secret = new random.RandomString(
        `${name}-policy-secret`,
        { length: 44, special: false },
        { parent, additionalSecretOutputs: ["result"] },
    );
    return pulumi.secret(secret.result);
}

/** What determines the policies of a hub. */
export interface PolicyRules {
    /** Whether shared access keys are accepted from anyone but a provisioning service. */
    readonly localAuth: boolean;
    /** Whether a provisioning service logs in, with a policy of its own. */
    readonly isLinked: boolean;
    /** The policies of the existing hub; undefined: this run creates the hub. */
    readonly present: readonly SharedAccessPolicy[] | undefined;
}

/**
 * The policies of a hub, keys included. A PUT of a hub replaces them all, and creates new keys for those that come without
 * (hashicorp/terraform-provider-azurerm#7445). Existing policies keep their keys, whoever created them; keys of new ones
 * are chosen here and need not be read back. If only a provisioning service may use a key, the policies that Azure creates
 * by default are removed.
 *
 * @param secret the keys of new policies are derived from it; undefined when no service is linked
 * @returns undefined for a new hub that is not linked: Azure creates its default policies
 */
export function policiesOf(
    secret: string | undefined,
    { localAuth, isLinked, present }: PolicyRules,
): SharedAccessPolicy[] | undefined {
    if (secret === undefined || !isLinked) {
        return present && [...present];
    }
    const isOwn = ({ keyName }: { keyName: string }): boolean =>
        keyName.toLowerCase() === provisioningPolicy.keyName;
    const others = (present ?? []).filter(
        (one) => !isOwn(one) && (localAuth || !isDefault(one.keyName)),
    );
    const isBare = localAuth && others.length === 0;
    const defaults = isBare ? defaultPolicies.map((policy) => withKeys(secret, policy)) : [];
    const own = { ...withKeys(secret, provisioningPolicy), ...(present ?? []).find(isOwn) };
    return [...others, ...defaults, { ...own, rights: rightsOfLink(own.rights) }].sort(
        (one, other) => (one.keyName < other.keyName ? -1 : 1),
    );
}

/** A policy that has more rights than a link needs keeps them. */
function rightsOfLink(rights: SharedAccessPolicy["rights"]): SharedAccessPolicy["rights"] {
    const has = (right: string): boolean => rights.split(", ").includes(right);
    return provisioningPolicy.rights.split(", ").every(has) ? rights : provisioningPolicy.rights;
}

function isDefault(keyName: string): boolean {
    return defaultPolicies.some((one) => one.keyName.toLowerCase() === keyName.toLowerCase());
}

/** The key that a provisioning service logs in with. */
export function provisioningKey(policies: readonly SharedAccessPolicy[]): string {
    const { keyName } = provisioningPolicy;
    return policies.find((one) => one.keyName.toLowerCase() === keyName)?.primaryKey ?? "";
}

function withKeys(
    secret: string,
    { keyName, rights }: Pick<SharedAccessPolicy, "keyName" | "rights">,
): SharedAccessPolicy {
    const key = (which: string): string =>
        createHmac("sha256", secret).update(`${keyName}/${which}`).digest("base64");
    return { keyName, rights, primaryKey: key("primary"), secondaryKey: key("secondary") };
}
