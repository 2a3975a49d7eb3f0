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

/** The least that linking a hub takes (Azure docs: how-to-manage-linked-iot-hubs). No device can use it. */
export const provisioningPolicy = {
    keyName: "iot-x509-dps",
    rights: "RegistryWrite, ServiceConnect",
} as const;

/** What Azure gives a hub of its own accord (Azure docs: iot-hub-dev-guide-sas, "Access control and permissions"). */
const defaultPolicies = [
    { keyName: "iothubowner", rights: "RegistryWrite, ServiceConnect, DeviceConnect" },
    { keyName: "service", rights: "ServiceConnect" },
    { keyName: "device", rights: "DeviceConnect" },
    { keyName: "registryRead", rights: "RegistryRead" },
    { keyName: "registryReadWrite", rights: "RegistryWrite" },
] as const;

/** From which the keys of policies follow; kept in the state as a secret. */
export function policySecret(name: string, parent: pulumi.Resource): pulumi.Output<string> {
    const secret = new random.RandomString(
        `${name}-policy-secret`,
        { length: 44, special: false },
        { parent, additionalSecretOutputs: ["result"] },
    );
    return pulumi.secret(secret.result);
}

/**
 * The policies of a linked hub, keys included: a PUT of a hub replaces them all, and makes new keys for those that come
 * without (hashicorp/terraform-provider-azurerm#7445), so the keys are chosen here and need not be asked for.
 *
 * @param present those of the hub, where shared access keys are in use: they stay as they are
 */
export function linkedPolicies(
    secret: pulumi.Output<string>,
    localAuth: boolean,
    present: readonly SharedAccessPolicy[],
): pulumi.Output<SharedAccessPolicy[]> {
    return secret.apply((text) => {
        const own = withKeys(text, provisioningPolicy);
        if (!localAuth) {
            return [own];
        }
        const others = present.filter(({ keyName }) => keyName !== own.keyName);
        const missing = defaultPolicies.filter(
            ({ keyName }) => !others.some((one) => one.keyName === keyName),
        );
        return [...others, ...missing.map((policy) => withKeys(text, policy)), own].sort(
            (one, other) => (one.keyName < other.keyName ? -1 : 1),
        );
    });
}

/** The key that a provisioning service logs in with. */
export function provisioningKey(secret: pulumi.Output<string>): pulumi.Output<string> {
    return secret.apply((text) => withKeys(text, provisioningPolicy).primaryKey);
}

function withKeys(
    secret: string,
    { keyName, rights }: Pick<SharedAccessPolicy, "keyName" | "rights">,
): SharedAccessPolicy {
    const key = (which: string): string =>
        createHmac("sha256", secret).update(`${keyName}/${which}`).digest("base64");
    return { keyName, rights, primaryKey: key("primary"), secondaryKey: key("secondary") };
}

/** The policies that a hub has now; none when there is no such hub. */
export async function presentPolicies(
    resourceGroupName: string,
    resourceName: string,
): Promise<SharedAccessPolicy[]> {
    try {
        const { value } = await iothub.listIotHubResourceKeys({ resourceGroupName, resourceName });
        return (value ?? []).map(({ keyName, rights, primaryKey, secondaryKey }) => ({
            keyName,
            rights: rights as iothub.AccessRights,
            primaryKey: primaryKey ?? "",
            secondaryKey: secondaryKey ?? "",
        }));
    } catch (error) {
        if (/ResourceNotFound|ResourceGroupNotFound|\b404\b/.test(String(error))) {
            return [];
        }
        throw error;
    }
}
