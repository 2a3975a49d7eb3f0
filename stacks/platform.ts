import * as authorization from "@pulumi/azure-native/authorization";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { causeAndRemedy } from "../components/azure/errorWords";
import { Sharding } from "../components/dynamic/sharding";
import { CiIdentity } from "../components/entra/ciIdentity";
import { Hub } from "../components/iothub/hub";
import { VerifiedCertificate } from "../components/iothub/verifiedCertificate";
import { Authorities, createAuthorities } from "./authorities";
import { FleetBase } from "./fleet";
import { createProvisioning, Provisioning } from "./provisioning";
import { refusal } from "./refusal";
import { Settings } from "./settings";
import { shardsValue } from "./shards";
import { createTrust } from "./trust";

/** What the devices of an environment stand on. */
export interface Platform {
    readonly resourceGroup: resources.ResourceGroup;
    readonly hub: Hub;
    readonly authorities: Authorities;
    /** CA certificates on the hub, by name. */
    readonly trusted: ReadonlyMap<string, VerifiedCertificate>;
    readonly provisioning: Provisioning | undefined;
    readonly ci: CiIdentity | undefined;
}

/**
 * Who deploys.
 *
 * @throws pulumi.RunError in one sentence, which the CLI prints without a stack trace
 */
async function signIn(): Promise<authorization.GetClientConfigResult> {
    try {
        return await authorization.getClientConfig();
    } catch (error) {
        const said = (error as Error).message;
        throw refusal(`sign-in to Azure: ${causeAndRemedy(said) ?? said}`);
    }
}

/** Declares the resource group, hub, CAs and proofs of one environment. */
export async function createPlatform(settings: Settings): Promise<Platform> {
    const client = await signIn();
    const resourceGroup = new resources.ResourceGroup(
        "iot-x509",
        { resourceGroupName: settings.resourceGroupName, location: settings.location },
        { protect: settings.protect },
    );
    const deployer = settings.hub.dataRole === "assign" ? client : undefined;
    const { name: hubName, prefix, sku, units, minTlsVersion, localAuth } = settings.hub;
    const hub = new Hub(
        "iot",
        {
            hubName,
            prefix,
            sku,
            units,
            minTlsVersion,
            localAuth,
            location: settings.location,
            resourceGroupName: resourceGroup.name,
            isLinked: settings.dps !== undefined,
            deployer,
        },
        { protect: settings.protect },
    );
    const authorities = createAuthorities(settings);
    if (settings.shards !== undefined) {
        new Sharding("sharding", String(shardsValue(settings.shards)));
    }
    return {
        resourceGroup,
        hub,
        authorities,
        trusted: createTrust(
            settings,
            {
                id: hub.hubId,
                ready: hub.ready,
                suffix: "",
                rootProof: settings.pki.root.proofPem,
            },
            authorities,
            // Devices that the provisioning service makes carry thumbprints: for them the hub needs no CA.
            ({ group }) => group.provisioning !== "dps" && !group.blocked,
        ),
        provisioning:
            settings.dps &&
            createProvisioning(settings, settings.dps, {
                resourceGroupName: resourceGroup.name,
                hub,
                authorities,
                deployer,
            }),
        ci: settings.ci && createCi(settings.ci, client.subscriptionId, resourceGroup, hub),
    };
}

/** For devices of the same stack. */
export function ownBase({ hub, authorities, provisioning }: Platform): FleetBase {
    return {
        hub,
        issuers: authorities.issuers,
        service: provisioning?.service,
        owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
    };
}

function createCi(
    ci: NonNullable<Settings["ci"]>,
    subscriptionId: string,
    resourceGroup: resources.ResourceGroup,
    hub: Hub,
): CiIdentity {
    const resourceGroupId = resourceGroup.id;
    return new CiIdentity("ci", { ...ci, subscriptionId, resourceGroupId, hubId: hub.hubId });
}
