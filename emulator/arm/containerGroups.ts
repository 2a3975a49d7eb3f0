import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { armFailure, malformedContent } from "./errors";
import { regionOf } from "./locations";
import { existingGroup, requireStanding } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";
import { ArmStore, ContainerGroup } from "./store";

const type = "Microsoft.ContainerInstance/containerGroups";
const path = `/subscriptions/:subscriptionId/resourceGroups/:group/providers/${type}/:name`;

type Params = Readonly<Record<string, string>>;

interface Properties {
    readonly containers?: readonly {
        readonly environmentVariables?: readonly { readonly secureValue?: string }[];
    }[];
    readonly volumes?: readonly { readonly secret?: Readonly<Record<string, string>> }[];
    readonly imageRegistryCredentials?: readonly Readonly<Record<string, unknown>>[];
    readonly ipAddress?: Readonly<Record<string, unknown>>;
}

/**
 * Microsoft.ContainerInstance/containerGroups (azure-rest-api-specs containerinstance, containerInstance.json
 * 2024-05-01-preview). No container runs: the group is described and at once `Succeeded`. Secrets are not kept.
 */
export class ContainerGroupApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        routes
            .on("GET", path, `${type}/read`, (_request, params) => {
                const found = this.find(params);
                if (found === undefined) {
                    throw armFailure(
                        404,
                        "ResourceNotFound",
                        `The Resource '${type}/${params.name}' under resource group '${params.group}' was not found.`,
                    );
                }
                return { status: 200, body: found.body };
            })
            .on("PUT", path, `${type}/write`, (request, params) => this.put(request, params))
            .on("DELETE", path, `${type}/delete`, (_request, params) => {
                const found = this.find(params);
                return this.store.containerGroups.delete(found?.id.toLowerCase() ?? "")
                    ? { status: 200, body: found?.body }
                    : { status: 204 };
            });
    }

    private find({ group, name }: Params): ContainerGroup | undefined {
        const { name: resourceGroup } = existingGroup(this.store, group);
        return this.store.containerGroups.get(this.idOf(resourceGroup, name).toLowerCase());
    }

    private put(request: ArmRequest, params: Params): HttpReply {
        const group = existingGroup(this.store, params.group);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, type);
        if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(params.name)) {
            throw armFailure(
                400,
                "InvalidContainerGroupName",
                `The container group name '${params.name}' is invalid: 1 to 63 lower-case letters, digits or hyphens.`,
            );
        }
        const properties = (body.properties ?? {}) as Properties;
        this.requireIdentities(body.identity);
        const id = this.idOf(group.name, params.name);
        const label = properties.ipAddress?.dnsNameLabel;
        const fqdn = `${String(label).toLowerCase()}.${region.name}.azurecontainer.io`;
        const isTaken = [...this.store.containerGroups.values()].some(
            (one) => one.id.toLowerCase() !== id.toLowerCase() && fqdnOf(one) === fqdn,
        );
        if (label !== undefined && isTaken) {
            throw armFailure(
                400,
                "DnsNameLabelNotAvailable",
                `The DNS name label '${String(label)}' is not available in '${region.name}'.`,
            );
        }
        const existing = this.find(params);
        const { ipAddress } = properties;
        const shown = {
            id,
            name: params.name,
            type,
            location: region.name,
            tags: body.tags ?? {},
            identity: body.identity,
            properties: {
                ...withoutSecrets(properties),
                ipAddress:
                    ipAddress && label !== undefined
                        ? { ...ipAddress, ip: "203.0.113.1", fqdn }
                        : ipAddress,
                provisioningState: "Succeeded",
            },
        };
        this.store.containerGroups.set(id.toLowerCase(), {
            id,
            name: params.name,
            resourceGroup: group.name,
            location: region.name,
            body: shown,
        });
        return { status: existing === undefined ? 201 : 200, body: shown };
    }

    private requireIdentities(identity: unknown): void {
        const { userAssignedIdentities = {} } = (identity ?? {}) as {
            userAssignedIdentities?: Readonly<Record<string, unknown>>;
        };
        for (const id of Object.keys(userAssignedIdentities)) {
            if (this.context.identities.get(id) === undefined) {
                throw armFailure(
                    400,
                    "FailedIdentityOperation",
                    `The user-assigned identity '${id}' was not found.`,
                );
            }
        }
    }

    private idOf(group: string, name: string): string {
        return `/subscriptions/${this.store.subscriptionId}/resourceGroups/${group}/providers/${type}/${name}`;
    }
}

function fqdnOf({ body }: ContainerGroup): unknown {
    return (body.properties as Properties | undefined)?.ipAddress?.fqdn;
}

/** Azure never returns secure values, passwords, or the content of secret volumes (Azure docs: container-instances-volume-secret). */
function withoutSecrets(properties: Properties): Properties {
    const { containers, volumes, imageRegistryCredentials } = properties;
    return {
        ...properties,
        containers: containers?.map((container) => ({
            ...container,
            environmentVariables: container.environmentVariables?.map((variable) => ({
                ...variable,
                secureValue: undefined,
            })),
        })),
        imageRegistryCredentials: imageRegistryCredentials?.map((one) => ({
            ...one,
            password: undefined,
        })),
        volumes: volumes?.map((volume) =>
            volume.secret === undefined ? volume : { ...volume, secret: {} },
        ),
    };
}
