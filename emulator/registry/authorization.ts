import { EmulatorContext } from "../context";
import { clouds } from "../core/clouds";
import { letsClientsIn } from "../core/networkRules";
import { Principal } from "../entra/principal";
import { TokenProblem } from "../entra/tokens";
import { Hub, SharedAccessPolicy } from "../hub/model";
import { rightsOf, signingPolicy as signedBy } from "../hub/sharedAccess";
import { RegistryProblem } from "./errors";

/** Permissions of a shared access policy (Azure docs: iot-hub-dev-guide-sas, "Access control and permissions"). */
export type Right = "RegistryRead" | "RegistryWrite" | "ServiceConnect";

/** What an operation requires of its caller, for both kinds of authentication. */
export interface Permission {
    /**
     * The part after `Microsoft.Devices/IotHubs/` (Azure docs:
     * role-based-access-control/permissions/internet-of-things).
     */
    readonly dataAction: string;
    readonly right: Right;
}

/** Permissions by kind of operation. */
export const permissions = {
    readDevices: { dataAction: "devices/read", right: "RegistryRead" },
    writeDevices: { dataAction: "devices/write", right: "RegistryWrite" },
    deleteDevices: { dataAction: "devices/delete", right: "RegistryWrite" },
    readTwins: { dataAction: "twins/read", right: "ServiceConnect" },
    writeTwins: { dataAction: "twins/write", right: "ServiceConnect" },
    readDeviceStatistics: { dataAction: "statistics/read", right: "RegistryRead" },
    readServiceStatistics: { dataAction: "statistics/read", right: "ServiceConnect" },
    invokeMethods: { dataAction: "directMethods/invoke/action", right: "ServiceConnect" },
    purgeMessages: {
        dataAction: "cloudToDeviceMessages/queue/purge/action",
        right: "ServiceConnect",
    },
    sendMessages: { dataAction: "cloudToDeviceMessages/send/action", right: "ServiceConnect" },
    receiveFeedback: {
        dataAction: "cloudToDeviceMessages/feedback/action",
        right: "ServiceConnect",
    },
    receiveFileNotifications: {
        dataAction: "fileUpload/notifications/action",
        right: "ServiceConnect",
    },
} satisfies Record<string, Permission>;

/** The authenticated caller of a request. */
export class Caller {
    constructor(
        private readonly context: EmulatorContext,
        private readonly hub: Hub,
        private readonly identity: Principal | SharedAccessPolicy,
    ) {}

    may(wanted: Permission): boolean {
        if ("rights" in this.identity) {
            return rightsOf(this.identity, includedRights).includes(wanted.right);
        }
        const action = `Microsoft.Devices/IotHubs/${wanted.dataAction}`;
        return this.context.access.isDataAllowed(this.identity, action, this.hub.id);
    }

    /**
     * @param what e.g. `GET on /twins/d1`, for the error text
     * @throws RegistryProblem 401, as the service returns for a principal without a role (azure-iot-sdk-csharp issue
     *     3344) and for a policy without the right
     */
    demand(wanted: Permission, what: string): void {
        if (this.may(wanted)) {
            return;
        }
        if ("rights" in this.identity) {
            throw new RegistryProblem("IotHubUnauthorizedAccess", "Unauthorized");
        }
        throw new RegistryProblem(
            "IotHubUnauthorized",
            `Principal ${this.identity.objectId} is not authorized for ${what} due to no assigned permissions`,
        );
    }
}

/**
 * Checks an `Authorization` header, or a token of AMQP claims-based security, which has the same forms.
 *
 * @param path the path of the request below the hub's host name; a signature may cover it or the whole hub
 * @throws RegistryProblem 401
 */
export async function authenticate(
    context: EmulatorContext,
    hub: Hub,
    authorization: string | undefined,
    path: string,
): Promise<Caller> {
    if (!letsClientsIn(hub.properties)) {
        throw new RegistryProblem("IotHubUnauthorizedAccess", "Unauthorized");
    }
    if (authorization !== undefined && /^Bearer\s/i.test(authorization)) {
        return new Caller(context, hub, await bearer(context, hub, authorization));
    }
    const policy = signingPolicy(context, hub, authorization ?? "", path);
    if (policy === undefined) {
        throw new RegistryProblem("IotHubUnauthorizedAccess", "Unauthorized");
    }
    return new Caller(context, hub, policy);
}

async function bearer(
    context: EmulatorContext,
    hub: Hub,
    authorization: string,
): Promise<Principal> {
    const cloud = clouds.find((one) => one.name === hub.cloud) ?? clouds[0];
    const { tenantId } = context.tenants.ownerOf(hub.subscriptionId);
    try {
        return await context.tokens.verify(authorization, [cloud.iotAudience], [tenantId]);
    } catch (error) {
        if (!(error instanceof TokenProblem)) {
            throw error;
        }
        const login = `https://${cloud.login[0]}/${tenantId}`;
        const description = error.description.replace(/["\\\r\n]/g, " ");
        throw new RegistryProblem("IotHubUnauthorizedAccess", "Unauthorized", {
            "www-authenticate": `Bearer authorization_uri="${login}", error="invalid_token", error_description="${description}"`,
        });
    }
}

function signingPolicy(
    context: EmulatorContext,
    hub: Hub,
    text: string,
    path: string,
): SharedAccessPolicy | undefined {
    if (hub.properties.disableLocalAuth) {
        return undefined;
    }
    return signedBy(hub.policies, text, {
        hostName: hub.hostName,
        path,
        now: context.clock.now(),
    });
}

/** Writing includes reading: Azure gives `iothubowner` "RegistryWrite, ServiceConnect, DeviceConnect". */
const includedRights: Readonly<Record<string, readonly Right[]>> = {
    RegistryWrite: ["RegistryRead"],
};
