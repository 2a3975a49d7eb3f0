import * as pulumi from "@pulumi/pulumi";
import { EstContainer } from "../components/est/estContainer";
import { writeBundle } from "../est/bundle";
import { Authorities } from "./authorities";
import { estPolicy } from "./estPolicy";
import { Settings } from "./settings";
import { SignedIn } from "./signIn";
import { userError } from "./userError";

/** What the service needs of the rest of the stack. */
export interface EstSurroundings {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly signedIn: SignedIn;
    readonly hub: {
        readonly hubId: pulumi.Output<string>;
        readonly hostName: pulumi.Output<string>;
    };
    readonly authorities: Authorities;
}

/** Declares the EST service on Azure, if the settings have it. The root's key stays out of its bundle. */
export function createEst(settings: Settings, around: EstSurroundings): EstContainer | undefined {
    const container = settings.est?.container;
    if (container === undefined) {
        return undefined;
    }
    const { hub, authorities, signedIn } = around;
    const { location, dps } = settings;
    if (signedIn.cloud.hubDomain !== "azure-devices.net") {
        throw userError(
            `est.container: the DNS names of containers are known for the public cloud alone, not for the cloud of ` +
                `${signedIn.cloud.hubDomain} — delete it and run npm run est elsewhere`,
        );
    }
    const cas = [...authorities.roots, ...authorities.intermediates];
    const certificates = pulumi.all(
        cas.map(({ name, certificate }) => certificate.apply((pem) => [name, pem] as const)),
    );
    const keys = pulumi.all(
        settings.groups.flatMap(({ name: group }) => {
            const issuer = authorities.intermediates.find((one) => one.group.name === group);
            return issuer === undefined
                ? []
                : [issuer.privateKey.apply((key) => [issuer.name, key] as const)];
        }),
    );
    const linked = (dps?.linkedHubs ?? []).map(({ id }) => id);
    const bundle = pulumi
        .all([certificates, keys, hub.hubId, hub.hostName])
        .apply(([pems, ownKeys, id, hostName]) =>
            writeBundle({
                stack: pulumi.getStack(),
                serverName: `${container.dnsLabel}.${location}.azurecontainer.io`,
                policy: estPolicy(settings, new Map(pems)),
                keys: new Map(ownKeys),
                hubs: [
                    { id, hostName },
                    ...linked.map((one) => ({
                        id: one,
                        hostName: hostName.replace(/^[^.]+/, one.slice(one.lastIndexOf("/") + 1)),
                    })),
                ],
                size: { sku: settings.hub.sku, units: settings.hub.units },
            }),
        );
    return new EstContainer("est", {
        resourceGroupName: around.resourceGroupName,
        location,
        subscriptionId: signedIn.deployer.subscriptionId,
        image: container.image,
        dnsLabel: container.dnsLabel,
        registryId: container.registryId,
        cpu: container.cpu,
        memoryGb: container.memoryGb,
        hubIds: [hub.hubId, ...linked],
        bundle,
    });
}
