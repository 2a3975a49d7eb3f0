import type { TokenCredential } from "@azure/identity";
import * as authorization from "@pulumi/azure-native/authorization";
import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";
import { AzureError } from "../components/azure/client";
import { Cloud } from "../components/azure/cloud";
import { Deployer } from "../components/azure/dataPlaneRole";
import { causeAndRemedy } from "../components/azure/errorWords";
import { confirmSubscription, identityOf } from "../components/azure/identity";
import { azureLogin } from "../components/azure/login";
import { loginLine } from "./loginLine";
import { userError } from "./userError";

/** Who deploys, and to where. */
export interface SignedIn {
    readonly cloud: Cloud;
    /** For the program's own calls. */
    readonly credential: TokenCredential;
    readonly tenantId: string;
    readonly deployer: Deployer;
}

/**
 * Signs in, and prints one line with the principal, the target and the settings used. azure-native and this program's own
 * calls must use the same principal in the same tenant, and must see the subscription.
 *
 * @throws pulumi.RunError in one sentence, which the CLI prints without a stack trace
 */
export async function signIn(): Promise<SignedIn> {
    const config = new pulumi.Config("azure-native");
    const login = inWords(() => azureLogin((name) => config.get(name)));
    const native = await authorization.getClientConfig().catch(refuse);
    const own = await identityOf(login.credential, login.cloud.armScope).catch(refuse);
    if (native.objectId !== own.objectId || native.tenantId !== own.tenantId) {
        throw userError(
            `sign-in to Azure: azure-native is logged in as ${native.objectId} of tenant ${native.tenantId}, but this program as ` +
                `${own.objectId} of tenant ${own.tenantId}: set ARM_TENANT_ID and ARM_SUBSCRIPTION_ID, and see docs/login.md`,
        );
    }
    await confirmSubscription(login, native.subscriptionId).catch(refuse);
    void pulumi.log.info(loginLine(login, native));
    return {
        cloud: login.cloud,
        credential: login.credential,
        tenantId: native.tenantId,
        deployer: {
            objectId: native.objectId,
            type: own.type,
            subscriptionId: native.subscriptionId,
        },
    };
}

/**
 * The azuread plugin has its own settings, and with az it uses az's default tenant regardless of the subscription: an
 * application created there could not get a role here.
 *
 * @throws pulumi.RunError in one sentence
 */
export async function confirmDirectory({ cloud, tenantId }: SignedIn): Promise<void> {
    const said = (error: Error) => causeAndRemedy(error.message) ?? error.message;
    const directory = await azuread.getClientConfig({}).catch((error: Error) => {
        throw userError(
            `sign-in to Microsoft Entra, for ci: ${said(error)}` +
                (cloud.name === "public"
                    ? ""
                    : `; azuread has its own cloud setting: pulumi config set azuread:environment ${cloud.name}`),
        );
    });
    if (directory.tenantId !== tenantId) {
        throw userError(
            `sign-in to Microsoft Entra, for ci: azuread uses the tenant ${directory.tenantId}, but the subscription is in ` +
                `${tenantId}: pulumi config set azuread:tenantId ${tenantId}`,
        );
    }
}

function inWords<T>(work: () => T): T {
    try {
        return work();
    } catch (error) {
        throw userError(`sign-in to Azure: ${(error as Error).message}`);
    }
}

function refuse(error: Error): never {
    // A message from an Azure service already includes its remedy and names the tenants.
    const said = error instanceof AzureError ? undefined : causeAndRemedy(error.message);
    throw userError(`sign-in to Azure: ${said ?? error.message}`);
}
