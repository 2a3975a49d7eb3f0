import { AzureClient } from "../../components/azure/client";
import { Cloud } from "../../components/azure/cloud";
import { isForbidden } from "./armReader";
import { CheckContext } from "./context";
import { error, Finding, ok, unchecked } from "./finding";

/** Endpoints of Microsoft Graph (docs: "National cloud deployments"), by the endpoint of Resource Manager. */
const graphs: Readonly<Record<string, string>> = {
    "https://management.azure.com": "https://graph.microsoft.com",
    "https://management.usgovcloudapi.net": "https://graph.microsoft.us",
    "https://management.chinacloudapi.cn": "https://microsoftgraph.chinacloudapi.cn",
};

/** Application permissions that allow creating applications (docs: "Create application"). */
const permissions = [
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/** Entra roles that allow creating applications: template IDs from "Microsoft Entra built-in roles". */
const directoryRoles: Readonly<Record<string, string>> = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "cf1c38e5-3621-4004-a7cb-879624dced7c": "Application Developer",
};

/** What a token for Graph says about its holder's rights (Microsoft Learn: "Access token claims reference"). */
export interface GraphClaims {
    /** Application permissions. */
    readonly roles?: readonly string[];
    /** Directory roles of a user. */
    readonly wids?: readonly string[];
    readonly scp?: string;
}

/** With `ci`: whether the login may create the application that CI logs in as. */
export async function checkGraph(context: CheckContext): Promise<Finding[]> {
    if (context.settings.ci === undefined) {
        return [];
    }
    const endpoint = graphOf(context.cloud);
    const token = await context.credential.getToken(`${endpoint}/.default`);
    const payload = token?.token.split(".")[1] ?? "";
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as GraphClaims;
    const client = new AzureClient(context.credential, `${endpoint}/.default`);
    return [
        await graphFinding(claims, context.identity.type === "User", async () => {
            const { body } = await client.send({
                method: "GET",
                url: `${endpoint}/v1.0/policies/authorizationPolicy`,
                expect: [200],
            });
            const { defaultUserRolePermissions: rights } = body as {
                defaultUserRolePermissions?: { allowedToCreateApps?: boolean };
            };
            return rights?.allowedToCreateApps;
        }),
    ];
}

/** @param usersMayCreate reads the tenant's policy (Graph: authorizationPolicy); undefined: the policy does not say */
export async function graphFinding(
    { roles = [], wids = [] }: GraphClaims,
    isUser: boolean,
    usersMayCreate: () => Promise<boolean | undefined>,
): Promise<Finding> {
    if (!isUser) {
        const held = permissions.find((one) => roles.includes(one));
        return held === undefined
            ? error(
                  "iot-x509:ci creates an Entra application, and this service principal has no Graph permission for that",
                  "grant it the application permission Application.ReadWrite.OwnedBy of Microsoft Graph, with an administrator's " +
                      "consent, or deploy once as a user who may create applications",
              )
            : ok(`this login may create Entra applications (${held})`);
    }
    const role = wids.map((id) => directoryRoles[id.toLowerCase()]).find(Boolean);
    if (role !== undefined) {
        return ok(`this login may create Entra applications (${role})`);
    }
    let mayCreate: boolean | undefined;
    try {
        mayCreate = await usersMayCreate();
    } catch (failure) {
        if (!isForbidden(failure)) {
            throw failure;
        }
    }
    if (mayCreate === undefined) {
        return unchecked(
            "cannot read whether the tenant lets its users create Entra applications, which iot-x509:ci needs",
            "ask the tenant's administrator (Entra: User settings, App registrations)",
        );
    }
    return mayCreate
        ? ok("the tenant lets its users create Entra applications")
        : error(
              "iot-x509:ci creates an Entra application, but the tenant does not let its users create any",
              "request the Entra role Application Developer",
          );
}

function graphOf({ arm }: Cloud): string {
    return graphs[arm] ?? "https://graph.microsoft.com";
}
