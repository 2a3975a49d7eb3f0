import * as authorization from "@pulumi/azure-native/authorization";
import * as containerinstance from "@pulumi/azure-native/containerinstance";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { roleDefinitionId, roles } from "../azure/dataPlaneRole";
import {
    ArgumentChecks,
    converted,
    matching,
    region,
    resourceId,
    someText,
    wholeNumber,
} from "../inputs/componentArgs";

const port = 8443;

/** Arguments of an {@link EstContainer}. */
export interface EstContainerArgs {
    /** Resource group, e.g. `rg-iot-prod`. */
    readonly resourceGroupName: pulumi.Input<string>;
    /** Azure region, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Subscription of the resource group, e.g. `5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11`. */
    readonly subscriptionId: pulumi.Input<string>;
    /** Image with its registry, e.g. `contoso.azurecr.io/iot-x509-est:1.0`. */
    readonly image: pulumi.Input<string>;
    /** First part of the DNS name, e.g. `contoso-est`; 5 to 63 characters. */
    readonly dnsLabel: pulumi.Input<string>;
    /**
     * ARM resource ID of the Azure container registry. Default: the image is public. Plain, because it decides whether there is a
     * role assignment.
     */
    readonly registryId?: string;
    /** Cores, 1 to 4. */
    readonly cpu: pulumi.Input<number>;
    /** GB, 1 to 16. */
    readonly memoryGb: pulumi.Input<number>;
    /** ARM resource IDs of the hubs whose devices are served, at least one. The number is plain: each one is a role assignment. */
    readonly hubIds: readonly pulumi.Input<string>[];
    /** What the service reads at its start (`est/bundle.ts`). Has CA keys, so it is kept as a secret whatever it was. */
    readonly bundle: pulumi.Input<string>;
}

/**
 * The EST service as a container group of Azure Container Instances: a user-assigned identity with IoT Hub Data Contributor on
 * the hubs and AcrPull on the registry, a public address with a DNS name, and the bundle as a secret volume, which lives in
 * memory (Azure docs: container-instances-volume-secret). TLS ends in the container.
 */
export class EstContainer extends pulumi.ComponentResource {
    constructor(name: string, given: EstContainerArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:est:EstContainer", name, {}, options);
        const args = checkedArgs(name, given);
        const { resourceGroupName, location, subscriptionId, registryId } = args;
        const child = { parent: this };
        const identity = new managedidentity.UserAssignedIdentity(
            `${name}-identity`,
            { resourceGroupName, location },
            child,
        );
        const grant = (suffix: string, role: string, scope: pulumi.Input<string>) =>
            new authorization.RoleAssignment(
                `${name}-${suffix}`,
                {
                    scope,
                    principalId: identity.principalId,
                    principalType: "ServicePrincipal",
                    roleDefinitionId: roleDefinitionId(subscriptionOf(scope), role),
                },
                // Azure allows only one assignment per role, scope and principal.
                { ...child, deleteBeforeReplace: true },
            );
        const grants = args.hubIds.map((hubId, index) =>
            grant(index === 0 ? "hub" : `hub-${index + 1}`, roles.hubDataContributor, hubId),
        );
        if (registryId !== undefined) {
            grants.push(grant("registry", roles.acrPull, registryId));
        }
        new containerinstance.ContainerGroup(
            `${name}-group`,
            {
                resourceGroupName,
                location,
                osType: "Linux",
                restartPolicy: "Always",
                identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
                ipAddress: {
                    type: "Public",
                    dnsNameLabel: args.dnsLabel,
                    ports: [{ port, protocol: "TCP" }],
                },
                ...(registryId === undefined
                    ? {}
                    : {
                          imageRegistryCredentials: [
                              {
                                  server: converted(args.image, (image) => image.split("/")[0]),
                                  identity: identity.id,
                              },
                          ],
                      }),
                containers: [
                    {
                        name: "est",
                        image: args.image,
                        ports: [{ port, protocol: "TCP" }],
                        resources: {
                            requests: { cpu: args.cpu, memoryInGB: args.memoryGb },
                        },
                        environmentVariables: [
                            { name: "ARM_USE_MSI", value: "true" },
                            { name: "ARM_CLIENT_ID", value: identity.clientId },
                            { name: "ARM_SUBSCRIPTION_ID", value: subscriptionId },
                        ],
                        volumeMounts: [{ name: "est", mountPath: "/est", readOnly: true }],
                    },
                ],
                volumes: pulumi.secret(
                    pulumi.output(args.bundle).apply((bundle) => [
                        {
                            name: "est",
                            secret: { "bundle.json": Buffer.from(bundle).toString("base64") },
                        },
                    ]),
                ),
            },
            {
                ...child,
                dependsOn: grants,
                additionalSecretOutputs: ["volumes"],
                // Azure changes neither in a group that exists (Azure docs: container-instances-update).
                replaceOnChanges: ["containers[0].resources", "ipAddress"],
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs({});
    }
}

function subscriptionOf(scope: pulumi.Input<string>): pulumi.Input<string> {
    return converted(scope, (id) => id.split("/")[2] ?? "");
}

function checkedArgs(name: string, args: EstContainerArgs): EstContainerArgs {
    const checks = new ArgumentChecks(`EstContainer "${name}"`);
    const image = matching(/^[^\s/]+\/\S+$/, "an image with its registry");
    const label = matching(/^[a-z][a-z0-9-]{3,61}[a-z0-9]$/, "5 to 63 letters, digits or hyphens");
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
        subscriptionId: checks.input("subscriptionId", args.subscriptionId, someText),
        image: checks.input("image", args.image, image),
        dnsLabel: checks.input("dnsLabel", args.dnsLabel, label),
        cpu: checks.input("cpu", args.cpu, wholeNumber(1, 4)),
        memoryGb: checks.input("memoryGb", args.memoryGb, wholeNumber(1, 16, "GB")),
        hubIds: args.hubIds.map((id, index) => checks.input(`hubIds[${index}]`, id, resourceId)),
    };
    if (args.registryId !== undefined) {
        checks.plain("registryId", args.registryId, resourceId);
    }
    checks.that("hubIds", args.hubIds.length > 0, "must have at least one hub");
    checks.done();
    return checked;
}
