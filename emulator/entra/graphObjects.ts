import { Directory } from "./directory";
import { Application, KeyCredential, PasswordCredential, ServicePrincipal } from "./model";
import { graph, GraphObject } from "./odata";

const emptyInfo = {
    logoUrl: null,
    marketingUrl: null,
    privacyStatementUrl: null,
    supportUrl: null,
    termsOfServiceUrl: null,
};

const nobodyVerified = {
    displayName: null,
    verifiedPublisherId: null,
    addedDateTime: null,
};

/** What a client may set on an application, with defaults (Graph docs: application resource type). */
const applicationDefaults: Readonly<GraphObject> = {
    displayName: null,
    description: null,
    disabledByMicrosoftStatus: null,
    groupMembershipClaims: null,
    identifierUris: [],
    isDeviceOnlyAuthSupported: null,
    isFallbackPublicClient: null,
    nativeAuthenticationApisEnabled: null,
    notes: null,
    serviceManagementReference: null,
    servicePrincipalLockConfiguration: null,
    signInAudience: "AzureADMyOrg",
    tags: [],
    tokenEncryptionKeyId: null,
    uniqueName: null,
    optionalClaims: null,
    addIns: [],
    appRoles: [],
    requiredResourceAccess: [],
    api: {
        acceptMappedClaims: null,
        knownClientApplications: [],
        requestedAccessTokenVersion: null,
        oauth2PermissionScopes: [],
        preAuthorizedApplications: [],
    },
    info: emptyInfo,
    parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: "Allow" },
    publicClient: { redirectUris: [] },
    spa: { redirectUris: [] },
    web: {
        homePageUrl: null,
        logoutUrl: null,
        redirectUris: [],
        redirectUriSettings: [],
        implicitGrantSettings: {
            enableAccessTokenIssuance: false,
            enableIdTokenIssuance: false,
        },
    },
};

/** The same for a service principal (Graph docs: servicePrincipal resource type). */
const principalDefaults: Readonly<GraphObject> = {
    accountEnabled: true,
    alternativeNames: [],
    appRoleAssignmentRequired: false,
    customSecurityAttributes: null,
    description: null,
    displayName: null,
    loginUrl: null,
    notes: null,
    notificationEmailAddresses: [],
    preferredSingleSignOnMode: null,
    preferredTokenSigningKeyThumbprint: null,
    samlSingleSignOnSettings: null,
    servicePrincipalType: "Application",
    tags: [],
    tokenEncryptionKeyId: null,
};

// Properties that a client may send but Graph sets itself.
const ignored = /^@odata\.|@odata\./;

/**
 * Merges a PATCH or POST body into the stored properties: complex values are merged one level deep, everything else is
 * replaced.
 *
 * @throws GraphProblem for a property that does not exist or cannot be set
 */
function merged(defaults: Readonly<GraphObject>, kept: GraphObject, body: GraphObject) {
    const result = { ...kept };
    for (const [name, value] of Object.entries(body)) {
        if (ignored.test(name)) {
            continue;
        }
        if (!(name in defaults)) {
            throw graph.badRequest(`Invalid property '${name}'.`);
        }
        result[name] =
            isComplex(defaults[name]) && isComplex(value)
                ? { ...defaults[name], ...(kept[name] as object | undefined), ...value }
                : value;
    }
    return result;
}

function isComplex(value: unknown): value is object {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function changedApplication(kept: GraphObject, body: GraphObject): GraphObject {
    const result = merged(applicationDefaults, kept, body);
    checkName(result);
    return result;
}

export function changedPrincipal(kept: GraphObject, body: GraphObject): GraphObject {
    return merged(principalDefaults, kept, body);
}

function checkName({ displayName }: GraphObject): void {
    if (typeof displayName !== "string" || displayName === "") {
        throw graph.badRequest(
            "Invalid value specified for property 'displayName' of resource 'Application'.",
        );
    }
    if (displayName.length > 256) {
        throw graph.badRequest(
            "Invalid length for property 'displayName' of resource 'Application'.",
        );
    }
}

/** An application as Graph shows it. */
export function applicationView(directory: Directory, application: Application): GraphObject {
    return {
        id: application.id,
        deletedDateTime: null,
        appId: application.appId,
        applicationTemplateId: null,
        createdDateTime: application.createdDateTime,
        publisherDomain: directory.initialDomain,
        defaultRedirectUri: null,
        samlMetadataUrl: null,
        verifiedPublisher: nobodyVerified,
        ...applicationDefaults,
        ...application.properties,
        keyCredentials: application.keys.map(keyView),
        passwordCredentials: application.passwords.map((password) => passwordView(password)),
    };
}

/** A service principal as Graph shows it; much of it comes from its application. */
export function principalView(directory: Directory, principal: ServicePrincipal): GraphObject {
    const application = directory.applicationByAppId(principal.appId);
    const source: GraphObject = { ...applicationDefaults, ...application?.properties };
    const web = source.web as { homePageUrl: unknown; logoutUrl: unknown; redirectUris: unknown };
    return {
        id: principal.id,
        deletedDateTime: null,
        appId: principal.appId,
        appDisplayName: source.displayName,
        appDescription: source.description,
        applicationTemplateId: null,
        appOwnerOrganizationId: directory.tenantId,
        createdDateTime: principal.createdDateTime,
        disabledByMicrosoftStatus: null,
        homepage: web.homePageUrl,
        logoutUrl: web.logoutUrl,
        replyUrls: web.redirectUris,
        signInAudience: source.signInAudience,
        servicePrincipalNames: [principal.appId, ...(source.identifierUris as string[])],
        addIns: [],
        appRoles: source.appRoles,
        info: source.info,
        keyCredentials: [],
        oauth2PermissionScopes: (source.api as { oauth2PermissionScopes: unknown })
            .oauth2PermissionScopes,
        passwordCredentials: [],
        resourceSpecificApplicationPermissions: [],
        verifiedPublisher: nobodyVerified,
        ...principalDefaults,
        ...principal.properties,
        displayName: principal.properties.displayName ?? source.displayName,
    };
}

/** @param secret only in the reply that returns it */
export function passwordView(
    password: PasswordCredential,
    secret: string | null = null,
): GraphObject {
    return {
        customKeyIdentifier: null,
        displayName: password.displayName,
        endDateTime: password.endDateTime,
        hint: password.hint,
        keyId: password.keyId,
        secretText: secret,
        startDateTime: password.startDateTime,
    };
}

/** The certificate itself is shown only where `$select` asks for the keys; Graph omits it otherwise. */
function keyView({ key: _, ...shown }: KeyCredential): GraphObject {
    return { ...shown, key: null };
}
