import type { TokenCredential } from "@azure/identity";
import { AzureClient } from "../../components/azure/client";
import { Cloud } from "../../components/azure/cloud";
import { Identity, identityOf } from "../../components/azure/identity";
import { AzureLogin, azureLogin } from "../../components/azure/login";
import { wayNames } from "../../components/azure/loginSettings";
import { causeAndRemedy } from "../../components/azure/errorWords";
import { Settings } from "../../stacks/settings";
import { StackConfiguration } from "../stackFiles/planConfig";
import { ArmReader } from "./armReader";
import { error, Finding, ok } from "./finding";

/** A hub or a provisioning service, reduced to what checks need. */
export interface Present {
    /** ARM ID. */
    readonly id: string;
    readonly name: string;
    readonly location: string;
    readonly sku?: { readonly name?: string };
}

/** What every check receives. */
export interface CheckContext {
    readonly settings: Settings;
    /** Names of settings that are encrypted and were not read. */
    readonly encrypted: readonly string[];
    readonly cloud: Cloud;
    readonly credential: TokenCredential;
    readonly identity: Identity;
    readonly arm: ArmReader;
    /** ARM ID of the existing resource group; undefined: there is none, or `up` names it. */
    readonly group: () => Promise<string | undefined>;
    /** All hubs of the subscription that this login can see. */
    readonly hubs: () => Promise<readonly Present[]>;
    readonly services: () => Promise<readonly Present[]>;
}

/** The login as a finding and, if it succeeded, what the checks need. */
export interface Opened {
    readonly finding: Finding;
    readonly context?: CheckContext;
}

/** Logs in as the program and azure-native do. */
export async function openContext({
    settings,
    encrypted,
    native,
}: StackConfiguration): Promise<Opened> {
    try {
        const login = azureLogin((name) => native.get(name));
        const { cloud, credential, subscription } = login;
        const identity = await identityOf(credential, cloud.armScope);
        if (subscription === undefined) {
            return {
                finding: error(
                    "the login has no subscription",
                    "set ARM_SUBSCRIPTION_ID, or: pulumi config set azure-native:subscriptionId ID",
                ),
            };
        }
        const arm = new ArmReader(
            new AzureClient(credential, cloud.armScope),
            cloud.arm,
            subscription.value,
        );
        const devices = `${arm.subscription}/providers/Microsoft.Devices`;
        return {
            finding: ok(loginLine(login, identity)),
            context: {
                settings,
                encrypted,
                cloud,
                credential,
                identity,
                arm,
                group: once(() => findGroup(arm, settings.resourceGroupName)),
                hubs: once(() => arm.list<Present>(`${devices}/IotHubs`, "2023-06-30")),
                services: once(() =>
                    arm.list<Present>(`${devices}/provisioningServices`, "2022-12-12"),
                ),
            },
        };
    } catch (failure) {
        const said = (failure as Error).message;
        const known = causeAndRemedy(said);
        return {
            finding: error(
                `no login to Azure: ${said.split("\n")[0]}`,
                known ??
                    "run `az login`, or set the variables of another way to log in (docs/login.md)",
            ),
        };
    }
}

function loginLine({ way, tenant, subscription }: AzureLogin, identity: Identity): string {
    const from = (source: { from: string } | undefined) => source?.from ?? "from the login";
    return (
        `${wayNames[way]} as ${identity.objectId} (${identity.type}), tenant ${identity.tenantId} (${from(tenant)}), ` +
        `subscription ${subscription?.value} (${from(subscription)})`
    );
}

async function findGroup(arm: ArmReader, name: string | undefined): Promise<string | undefined> {
    if (name === undefined) {
        return undefined;
    }
    const id = `${arm.subscription}/resourceGroups/${name}`;
    return (await arm.find<{ id: string }>(id, "2021-04-01"))?.id;
}

/** Asks Azure once, although several checks need the answer. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
    let answer: Promise<T> | undefined;
    return () => (answer ??= ask());
}
