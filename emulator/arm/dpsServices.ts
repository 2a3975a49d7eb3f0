import { EmulatorContext } from "../context";
import { ifMatch } from "../core/etag";
import { HttpFailure, HttpReply, jsonBody } from "../core/http";
import { ProvisioningService } from "../dps/model";
import { SharedAccessPolicy } from "../hub/model";
import { identityOf } from "./dpsIdentity";
import { linkedHubsOf, linkErrorCode } from "./dpsLinkedHubs";
import { removeService } from "./dpsRemoval";
import {
    allocationPolicyOf,
    dpsNameProblem,
    dpsPolicies,
    dpsSkuProblem,
    maximumServices,
} from "./dpsRules";
import { serviceView } from "./dpsView";
import { armFailure, iotFailure, malformedContent } from "./errors";
import { newKey, staleETag } from "./hubs";
import { regionOf } from "./locations";
import { addService } from "./newService";
import { operationHeaders } from "./operations";
import { page } from "./paging";
import { dpsType, existingGroup, requireStanding, sameName } from "./resourceGroups";
import { ArmRequest, ArmRoutes, isAddressed } from "./routes";
import { ArmStore, ResourceGroup } from "./store";

export const dpsPath =
    "/subscriptions/:subscriptionId/resourceGroups/:group/providers/Microsoft.Devices/provisioningServices/:service";

/** Properties of a body that are stored and returned unchanged. */
const keptProperties = [
    "publicNetworkAccess",
    "ipFilterRules",
    "enableDataResidency",
    "portalOperationsHostName",
];

/**
 * Microsoft.Devices/provisioningServices (azure-rest-api-specs iotdps.json 2023-03-01-preview; statuses and bodies as
 * recorded in azure-cli's `test_dps_lifecycle.yaml`).
 */
export class DpsApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        const subscription = "/subscriptions/:subscriptionId";
        const collection = "providers/Microsoft.Devices/provisioningServices";
        const withService =
            (
                answer: (
                    service: ProvisioningService,
                    request: ArmRequest,
                    key: string,
                ) => HttpReply,
            ) =>
            (request: ArmRequest, { group, service, key }: Readonly<Record<string, string>>) =>
                answer(existingService(this.context, request, group, service), request, key);
        routes
            .on(
                "POST",
                `${subscription}/providers/Microsoft.Devices/checkProvisioningServiceNameAvailability`,
                "Microsoft.Devices/checkProvisioningServiceNameAvailability/Action",
                (request) => this.checkName(request),
            )
            .on("GET", `${subscription}/${collection}`, `${dpsType}/Read`, (request) =>
                this.list(request, () => true),
            )
            .on(
                "GET",
                `${subscription}/resourceGroups/:group/${collection}`,
                `${dpsType}/Read`,
                (request, { group }) => {
                    const { name } = existingGroup(this.store, group);
                    return this.list(request, (one) => sameName(one.resourceGroup, name));
                },
            )
            .on(
                "GET",
                dpsPath,
                `${dpsType}/Read`,
                withService((service) => ({ status: 200, body: this.view(service) })),
            )
            .on("PUT", dpsPath, `${dpsType}/Write`, (request, { group, service }) =>
                this.put(request, group, service),
            )
            .on(
                "PATCH",
                dpsPath,
                `${dpsType}/Write`,
                withService((service, request) => this.patch(request, service)),
            )
            .on("DELETE", dpsPath, `${dpsType}/Delete`, (request, { group, service }) =>
                this.delete(request, group, service),
            )
            .on(
                "POST",
                `${dpsPath}/listkeys`,
                `${dpsType}/listkeys/Action`,
                withService((service) => ({ status: 200, body: { value: service.policies } })),
            )
            .on(
                "POST",
                `${dpsPath}/keys/:key/listkeys`,
                `${dpsType}/keys/listkeys/Action`,
                withService((service, request, key) => this.key(service, request, key)),
            )
            .on(
                "GET",
                `${dpsPath}/skus`,
                `${dpsType}/skus/Read`,
                withService(() => ({ status: 200, body: { value: [{ name: "S1" }] } })),
            );
    }

    private view(service: ProvisioningService): object {
        return serviceView(service, this.store.operations.isRunning(service.id));
    }

    private list(
        request: ArmRequest,
        isWanted: (service: ProvisioningService) => boolean,
    ): HttpReply {
        const services = this.context.provisioning
            .list()
            .filter((one) => isAddressed(request, one) && isWanted(one));
        return page(request, services, (one) => this.view(one));
    }

    private checkName(request: ArmRequest): HttpReply {
        const name = String(jsonBody(request, malformedContent).name ?? "");
        const invalid = dpsNameProblem(name);
        const [reason, message] =
            invalid !== undefined
                ? ["Invalid", invalid]
                : ["AlreadyExists", `Provisioning service name '${name}' is not available`];
        const isFree = invalid === undefined && this.context.provisioning.get(name) === undefined;
        const body = isFree
            ? { nameAvailable: true, reason: "Invalid", message: null }
            : { nameAvailable: false, reason, message };
        return { status: 200, body };
    }

    private put(request: ArmRequest, groupName: string, name: string): HttpReply {
        const group = existingGroup(this.store, groupName);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, dpsType);
        const existing = this.taken(request, group, name);
        if (existing !== undefined && existing.location !== region.name) {
            throw armFailure(
                409,
                "InvalidResourceLocation",
                `The resource '${existing.name}' already exists in location '${existing.location}' in resource ` +
                    `group '${existing.resourceGroup}'. A resource with the same name cannot be created in ` +
                    `location '${region.name}'. Please select a new resource name.`,
            );
        }
        if (existing !== undefined) {
            requireActiveService(this.context, request, existing);
        }
        this.checkPrecondition(request, existing);
        const wanted = (body.properties ?? {}) as Readonly<Record<string, unknown>>;
        const policies = dpsPolicies(wanted, newKey);
        const problem =
            (existing === undefined ? dpsNameProblem(name) : undefined) ??
            dpsSkuProblem(body.sku) ??
            (typeof policies === "string" ? policies : undefined);
        if (problem !== undefined) {
            throw this.invalid(request, problem);
        }
        const allocationPolicy = allocationPolicyOf(wanted.allocationPolicy);
        if (allocationPolicy === undefined) {
            throw this.invalid(request, "allocationPolicy must be Hashed, GeoLatency or Static.");
        }
        if (existing === undefined) {
            this.checkQuota(request);
        }
        const identity = identityOf(this.context, name, body.identity, existing?.identity);
        const linked = linkedHubsOf(this.context, wanted.iotHubs, identity, existing);
        if (typeof linked === "string") {
            throw iotFailure(request, this.context.clock, linkErrorCode(linked), linked);
        }
        const sku = body.sku as { name: string; capacity?: number };
        const service =
            existing ??
            addService(this.context, request, {
                subscriptionId: this.store.subscriptionId,
                group: group.name,
                name,
                location: region.name,
            });
        Object.assign(service, {
            tags: (body.tags ?? {}) as Record<string, string>,
            sku: { name: sku.name, capacity: sku.capacity ?? 1 },
            allocationPolicy,
            disableLocalAuth: wanted.disableLocalAuth === true,
            identity,
            linkedHubs: linked,
            policies: (policies as SharedAccessPolicy[] | undefined) ?? service.policies,
            settings: Object.fromEntries(
                keptProperties.flatMap((key) =>
                    wanted[key] === undefined || wanted[key] === null ? [] : [[key, wanted[key]]],
                ),
            ),
            etag: this.context.provisioning.etags.resource(),
        });
        const operation = this.start(service, () => {
            if (service.state === "Activating") {
                service.state = "Active";
            }
        });
        return {
            status: 201,
            headers: this.headers(request, service, operation),
            body: this.view(service),
        };
    }

    /** The service that this PUT refers to, if it exists. Names are unique across Azure. */
    private taken(
        request: ArmRequest,
        group: ResourceGroup,
        name: string,
    ): ProvisioningService | undefined {
        const service = this.context.provisioning.get(name);
        if (service !== undefined && !isIn(service, request, group.name)) {
            throw iotFailure(
                request,
                this.context.clock,
                409004,
                `Provisioning service name '${name}' not available.`,
            );
        }
        return service;
    }

    private checkPrecondition(
        request: ArmRequest,
        existing: ProvisioningService | undefined,
    ): void {
        const etag = ifMatch(request.headers["if-match"]);
        if (etag === undefined || (etag === "*" && existing) || etag === existing?.etag) {
            return;
        }
        throw staleETag(this.context, request);
    }

    private checkQuota(request: ArmRequest): void {
        const current = this.context.provisioning.list().length;
        if (current >= maximumServices) {
            throw iotFailure(
                request,
                this.context.clock,
                400019,
                `Max number of provisioning services exceeded, Max Allowed = ${maximumServices}, ` +
                    `Current = ${current + 1} in the subscription Id: ${this.store.subscriptionId}.`,
            );
        }
    }

    private patch(request: ArmRequest, service: ProvisioningService): HttpReply {
        requireActiveService(this.context, request, service);
        const body = jsonBody(request, malformedContent);
        if (body.tags !== undefined) {
            service.tags = body.tags as Record<string, string>;
            service.etag = this.context.provisioning.etags.resource();
        }
        return { status: 200, body: this.view(service) };
    }

    private delete(request: ArmRequest, groupName: string, name: string): HttpReply {
        const group = existingGroup(this.store, groupName);
        const service = this.context.provisioning.get(name);
        if (service === undefined || !isIn(service, request, group.name)) {
            return { status: 204 };
        }
        requireActiveService(this.context, request, service);
        service.state = "Deleting";
        const operation = this.start(service, () => removeService(this.context, service));
        return { status: 202, headers: this.headers(request, service, operation), body: "null" };
    }

    private start(service: ProvisioningService, finish: () => void): string {
        const seconds = this.context.settings.activationSeconds;
        return this.store.operations.start(service.id, seconds, finish);
    }

    private key(service: ProvisioningService, request: ArmRequest, name: string): HttpReply {
        const policy = service.policies.find(({ keyName }) => sameName(keyName, name));
        if (policy === undefined) {
            throw iotFailure(
                request,
                this.context.clock,
                404006,
                `Shared access policy '${name}' does not exist in provisioning service '${service.name}'.`,
            );
        }
        return { status: 200, body: policy };
    }

    private headers(
        request: ArmRequest,
        service: ProvisioningService,
        operation: string,
    ): Record<string, string> {
        const { subscriptionId, location } = service;
        return {
            "content-type": "application/json; charset=utf-8",
            ...operationHeaders(
                request,
                subscriptionId,
                location,
                operation,
                "provisioningserviceoperationresults",
            ),
        };
    }

    private invalid(request: ArmRequest, text: string): HttpFailure {
        return iotFailure(request, this.context.clock, 400004, text);
    }
}

function isIn(service: ProvisioningService, request: ArmRequest, group: string): boolean {
    return sameName(service.resourceGroup, group) && isAddressed(request, service);
}

/** @throws HttpFailure 404 ResourceNotFound */
export function existingService(
    context: EmulatorContext,
    request: ArmRequest,
    group: string,
    name: string,
): ProvisioningService {
    const service = context.provisioning.get(name);
    if (service === undefined || !isIn(service, request, group)) {
        throw armFailure(
            404,
            "ResourceNotFound",
            `The Resource '${dpsType}/${name}' under resource group '${group}' was not found. ` +
                "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        );
    }
    return service;
}

/** A service accepts changes only while it is active. Azure's wording of this error is not documented. */
export function requireActiveService(
    context: EmulatorContext,
    request: ArmRequest,
    service: ProvisioningService,
): void {
    if (service.state !== "Active") {
        throw iotFailure(
            request,
            context.clock,
            409002,
            `Provisioning service '${service.name}' is in state ${service.state} and cannot be changed now.`,
        );
    }
}
