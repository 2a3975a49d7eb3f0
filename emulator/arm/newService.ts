import { randomBytes } from "crypto";
import { EmulatorContext } from "../context";
import { ProvisioningService } from "../dps/model";
import { ownerRights } from "./dpsRules";
import { newKey } from "./hubs";
import { dpsType } from "./resourceGroups";
import { ArmRequest } from "./routes";

/** The location and the name of a new service. */
export interface ServicePlace {
    readonly subscriptionId: string;
    /** Name of the resource group. */
    readonly group: string;
    readonly name: string;
    /** Short name of the region. */
    readonly location: string;
}

/** Adds a provisioning service in the state before the PUT's body applies: activating, with its owner policy. */
export function addService(
    context: EmulatorContext,
    request: ArmRequest,
    { subscriptionId, group, name, location }: ServicePlace,
): ProvisioningService {
    const { clock, provisioning } = context;
    const { cloud } = request.host;
    const service: ProvisioningService = {
        id:
            `/subscriptions/${subscriptionId}/resourceGroups/${group}` +
            `/providers/${dpsType}/${name}`,
        name,
        subscriptionId,
        resourceGroup: group,
        location,
        cloud: cloud.name,
        serviceHostName: `${name.toLowerCase()}.${cloud.dpsSuffix}`,
        idScope: newIdScope(context),
        createdAt: clock.date().toISOString(),
        etag: "",
        state: "Activating",
        tags: {},
        sku: { name: "S1", capacity: 1 },
        allocationPolicy: "Hashed",
        disableLocalAuth: false,
        linkedHubs: [],
        policies: [
            {
                keyName: "provisioningserviceowner",
                primaryKey: newKey(),
                secondaryKey: newKey(),
                rights: ownerRights,
            },
        ],
        certificates: new Map(),
        groups: new Map(),
        enrollments: new Map(),
        registrations: new Map(),
    };
    provisioning.add(service);
    return service;
}

/** A unique ID scope: `0ne` and eight hex digits, the first two zero as on current services. */
function newIdScope(context: EmulatorContext): string {
    const scope = `0ne00${randomBytes(3).toString("hex").toUpperCase()}`;
    return context.provisioning.byIdScope(scope) === undefined ? scope : newIdScope(context);
}
