import { createHash } from "crypto";
import * as authorization from "@pulumi/azure-native/authorization";
import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";
import { roleDefinitionId, roles } from "../azure/dataPlaneRole";
import { serviceLimits } from "../azure/serviceLimits";
import { ArgumentChecks, matching, oneOf, resourceId, someText } from "../inputs/componentArgs";

const gitHubIssuer = "https://token.actions.githubusercontent.com";

/** Roles of an identity on the resource group, the hub and the provisioning service, each with its name in the state. */
const grants = {
    deploy: {
        displayName: "CI",
        group: ["contributor", roles.contributor],
        hub: ["data-contributor", roles.hubDataContributor],
        service: ["dps-data-contributor", roles.dpsDataContributor],
    },
    preview: {
        displayName: "previews",
        group: ["reader", roles.reader],
        hub: ["data-reader", roles.hubDataReader],
        service: ["dps-data-reader", roles.dpsDataReader],
    },
} as const;

/** Arguments of a {@link CiIdentity}. */
export interface CiIdentityArgs {
    /** What it may do: change what it reaches, or only read it. Plain, because it decides which roles there are. */
    readonly access: keyof typeof grants;
    /** GitHub repository as `owner/name`, e.g. `contoso/fleet`. Plain, because it decides which aliases credentials have. */
    readonly repository: string;
    /**
     * Subjects of the tokens that may sign in, 1 to 20, e.g. `ref:refs/heads/main`, `environment:prod`, or the whole subject
     * if it has IDs. Plain, because each one makes a credential.
     */
    readonly subjects: readonly string[];
    /** Subscription that CI deploys to, e.g. `5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11`. */
    readonly subscriptionId: pulumi.Input<string>;
    /** ARM resource ID of the resource group that CI deploys to, e.g. `/subscriptions/…/resourceGroups/rg-iot-prod`. */
    readonly resourceGroupId: pulumi.Input<string>;
    /** ARM resource ID of the hub, e.g. `/subscriptions/…/providers/Microsoft.Devices/IotHubs/contoso-iot`. */
    readonly hubId: pulumi.Input<string>;
    /** ARM resource ID of the provisioning service. Default: there is none, and CI gets no role for one. */
    readonly provisioningServiceId?: pulumi.Input<string>;
    /**
     * Resource names of the credentials in the state, by the subject of the token. Default: none. Plain, because they become
     * aliases.
     */
    readonly formerNames?: ReadonlyMap<string, string>;
}

/**
 * An Entra application that the CI of a repository logs in to with GitHub's OIDC tokens, without any secret (Entra docs:
 * workload-identity-federation). To deploy, it may change the resource group and the hub's devices, and nothing else:
 * Contributor on the group, IoT Hub Data Contributor on the hub, Device Provisioning Service Data Contributor on the
 * service. To preview, it may read the same but list no keys: Reader and the two data reader roles. Neither has any
 * permission in the directory.
 */
export class CiIdentity extends pulumi.ComponentResource {
    /** What the workflow sets as AZURE_CLIENT_ID or ARM_CLIENT_ID. */
    readonly clientId: pulumi.Output<string>;

    constructor(name: string, given: CiIdentityArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:entra:CiIdentity", name, {}, options);
        const args = checkedArgs(name, given);
        const child = { parent: this };
        const access = grants[args.access];
        const displayName = `iot-x509 ${access.displayName} of ${args.repository}`;
        const application = new azuread.Application(`${name}-application`, { displayName }, child);
        const principal = new azuread.ServicePrincipal(
            `${name}-principal`,
            { clientId: application.clientId },
            child,
        );
        for (const given of args.subjects) {
            const subject = given.startsWith("repo:") ? given : `repo:${args.repository}:${given}`;
            const label = credentialLabel(given);
            const credential = `${name}-credential-${label}`;
            const former = args.formerNames?.get(subject) ?? credential;
            new azuread.ApplicationFederatedIdentityCredential(
                credential,
                {
                    applicationId: application.id,
                    displayName: `github-${label}`,
                    issuer: gitHubIssuer,
                    subject,
                    audiences: ["api://AzureADTokenExchange"],
                },
                {
                    ...child,
                    ...(former === credential ? {} : { aliases: [{ name: former }] }),
                    // Entra allows each issuer and subject once, and an existing credential cannot be renamed.
                    deleteBeforeReplace: true,
                    ignoreChanges: ["displayName"],
                },
            );
        }
        const grant = ([suffix, role]: readonly [string, string], scope: pulumi.Input<string>) =>
            new authorization.RoleAssignment(
                `${name}-${suffix}`,
                {
                    scope,
                    principalId: principal.objectId,
                    principalType: "ServicePrincipal",
                    roleDefinitionId: roleDefinitionId(args.subscriptionId, role),
                },
                child,
            );
        grant(access.group, args.resourceGroupId);
        grant(access.hub, args.hubId);
        if (args.provisioningServiceId !== undefined) {
            grant(access.service, args.provisioningServiceId);
        }
        this.clientId = application.clientId;
        this.registerOutputs({ clientId: this.clientId });
    }
}

const repositoryName = matching(/^[^/\s]+\/[^/\s]+$/, "owner/name of a GitHub repository");
const tokenSubject = matching(/^[^\s*]+$/, "a token subject without wildcards or spaces");

function checkedArgs(name: string, args: CiIdentityArgs): CiIdentityArgs {
    const checks = new ArgumentChecks(`CiIdentity "${name}"`);
    const checked = {
        ...args,
        subscriptionId: checks.input("subscriptionId", args.subscriptionId, someText),
        resourceGroupId: checks.input("resourceGroupId", args.resourceGroupId, resourceId),
        hubId: checks.input("hubId", args.hubId, resourceId),
        provisioningServiceId: checks.input(
            "provisioningServiceId",
            args.provisioningServiceId,
            resourceId,
        ),
    };
    checks.plain("access", args.access, oneOf(["deploy", "preview"]));
    checks.plain("repository", args.repository, repositoryName);
    const { length } = args.subjects;
    checks.that(
        "subjects",
        length >= 1 && length <= serviceLimits.federatedCredentials,
        `must have 1 to ${serviceLimits.federatedCredentials} items; it has ${length}`,
    );
    args.subjects.forEach((one, index) => checks.plain(`subjects[${index}]`, one, tokenSubject));
    checks.done();
    return checked;
}

/** Readable and different for each subject: with `github-`, 3 to 120 letters, digits or hyphens (Entra docs). */
function credentialLabel(subject: string): string {
    const words = subject.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 80);
    return `${words}-${createHash("sha256").update(subject).digest("hex").slice(0, 8)}`;
}
