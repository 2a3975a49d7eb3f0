import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";
import { ArgumentChecks, converted, oneOf, someText } from "../inputs/componentArgs";

/** Built-in roles (Azure docs: role-based-access-control/built-in-roles). */
export const roles = {
    contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    hubDataContributor: "4fc6c259-987e-4a07-842e-c321cc9d413f",
    hubDataReader: "b447c946-2db7-41ec-983d-d8bf3b1c77e3",
    dpsDataContributor: "dfce44e4-17b7-4bd1-a6d1-04996ec95633",
    dpsDataReader: "10745317-c249-44a1-a5ce-3a4353c0bbd8",
    acrPull: "7f951dda-4ed3-4680-a7ca-adfe43acb172",
} as const;

/** The principal that deploys. */
export interface Deployer {
    readonly objectId: string;
    readonly type: "User" | "ServicePrincipal";
    readonly subscriptionId: string;
}

/** The principal that deploys, as the argument of a component. */
export interface DeployerArgs {
    /** Object ID in Entra, e.g. `8d3cbf0a-2e0c-4a53-9f0b-5f1f6b1d7d11`. */
    readonly objectId: pulumi.Input<string>;
    /** Kind of principal: `User` or `ServicePrincipal`. */
    readonly type: pulumi.Input<Deployer["type"]>;
    /** Subscription of the scope, e.g. `5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11`. */
    readonly subscriptionId: pulumi.Input<string>;
}

/** Checks a deployer and returns it. */
export function checkedDeployer(
    checks: ArgumentChecks,
    deployer: DeployerArgs | undefined,
): DeployerArgs | undefined {
    return (
        deployer && {
            objectId: checks.input("deployer.objectId", deployer.objectId, someText),
            type: checks.input("deployer.type", deployer.type, principalType),
            subscriptionId: checks.input(
                "deployer.subscriptionId",
                deployer.subscriptionId,
                someText,
            ),
        }
    );
}

const principalType = oneOf<Deployer["type"]>(["User", "ServicePrincipal"]);

/** ARM resource ID of a built-in role. */
export function roleDefinitionId(
    subscriptionId: pulumi.Input<string>,
    role: string,
): string | pulumi.Output<string> {
    return converted(subscriptionId, (known) => builtInRole(known, role));
}

function builtInRole(subscriptionId: string, role: string): string {
    return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
}

/**
 * Grants the deployer a data-plane role, which not even Owner includes. If another principal deploys later, the first one
 * keeps the role.
 */
export function assignDataRole(
    name: string,
    role: string,
    scope: pulumi.Input<string>,
    deployer: DeployerArgs,
    options: pulumi.CustomResourceOptions,
): authorization.RoleAssignment {
    return new authorization.RoleAssignment(
        name,
        {
            scope,
            principalId: deployer.objectId,
            // Required: the default is User, and ARM refuses a type that is not the principal's (UnmatchedPrincipalType).
            principalType: deployer.type,
            roleDefinitionId: roleDefinitionId(deployer.subscriptionId, role),
        },
        {
            ...options,
            ignoreChanges: ["principalId", "principalType"],
            // Azure accepts only one assignment for each role, scope and principal.
            deleteBeforeReplace: true,
        },
    );
}
