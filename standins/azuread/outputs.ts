import { isObject, Values } from "../frame/values";

const member = (value: unknown): Values => (isObject(value) ? value : {});
const text = (value: unknown): unknown => value ?? "";
const flag = (value: unknown): unknown => value ?? false;
const list = (value: unknown): unknown => value ?? [];
/** The official plug-in stores an empty list as null. */
const some = (value: unknown): unknown => (Array.isArray(value) && value.length > 0 ? value : null);

const noFeatureTags = [
    { customSingleSignOn: false, enterprise: false, gallery: false, hide: false },
];

/** Outputs of an `Application`, with the official plug-in's values where Graph returns null. */
export function applicationOutputs(found: Values): Values {
    const [api, web, info] = [member(found["api"]), member(found["web"]), member(found["info"])];
    const grant = member(web["implicitGrantSettings"]);
    const claims = member(found["optionalClaims"]);
    return {
        api: {
            knownClientApplications: list(api["knownClientApplications"]),
            mappedClaimsEnabled: flag(api["acceptMappedClaims"]),
            oauth2PermissionScopes: list(api["oauth2PermissionScopes"]),
            requestedAccessTokenVersion: api["requestedAccessTokenVersion"] ?? 1,
        },
        appRoleIds: {},
        appRoles: list(found["appRoles"]),
        clientId: found["appId"],
        description: text(found["description"]),
        deviceOnlyAuthEnabled: flag(found["isDeviceOnlyAuthSupported"]),
        disabledByMicrosoft: text(found["disabledByMicrosoftStatus"]),
        displayName: found["displayName"],
        fallbackPublicClientEnabled: flag(found["isFallbackPublicClient"]),
        featureTags: noFeatureTags,
        groupMembershipClaims: null,
        identifierUris: some(found["identifierUris"]),
        logoImage: "",
        logoUrl: text(info["logoUrl"]),
        marketingUrl: text(info["marketingUrl"]),
        notes: text(found["notes"]),
        oauth2PermissionScopeIds: {},
        oauth2PostResponseRequired: flag(found["oauth2RequirePostResponse"]),
        objectId: found["id"],
        optionalClaims: {
            accessTokens: list(claims["accessToken"]),
            idTokens: list(claims["idToken"]),
            saml2Tokens: list(claims["saml2Token"]),
        },
        owners: found["owners"],
        password: null,
        preventDuplicateNames: false,
        privacyStatementUrl: text(info["privacyStatementUrl"]),
        publicClient: { redirectUris: list(member(found["publicClient"])["redirectUris"]) },
        publisherDomain: text(found["publisherDomain"]),
        requiredResourceAccesses: list(found["requiredResourceAccess"]),
        serviceManagementReference: text(found["serviceManagementReference"]),
        signInAudience: found["signInAudience"],
        singlePageApplication: { redirectUris: list(member(found["spa"])["redirectUris"]) },
        supportUrl: text(info["supportUrl"]),
        tags: list(found["tags"]),
        templateId: text(found["applicationTemplateId"]),
        termsOfServiceUrl: text(info["termsOfServiceUrl"]),
        web: {
            homepageUrl: text(web["homePageUrl"]),
            implicitGrant: {
                accessTokenIssuanceEnabled: flag(grant["enableAccessTokenIssuance"]),
                idTokenIssuanceEnabled: flag(grant["enableIdTokenIssuance"]),
            },
            logoutUrl: text(web["logoutUrl"]),
            redirectUris: list(web["redirectUris"]),
        },
    };
}

/** Outputs of a `ServicePrincipal`. */
export function principalOutputs(found: Values): Values {
    return {
        accountEnabled: found["accountEnabled"],
        alternativeNames: some(found["alternativeNames"]),
        appRoleAssignmentRequired: flag(found["appRoleAssignmentRequired"]),
        appRoleIds: {},
        appRoles: list(found["appRoles"]),
        applicationTenantId: found["appOwnerOrganizationId"],
        clientId: found["appId"],
        description: text(found["description"]),
        displayName: found["displayName"],
        featureTags: noFeatureTags,
        features: [
            {
                customSingleSignOnApp: false,
                enterpriseApplication: false,
                galleryApplication: false,
                visibleToUsers: true,
            },
        ],
        homepageUrl: text(found["homepage"]),
        loginUrl: text(found["loginUrl"]),
        logoutUrl: text(found["logoutUrl"]),
        notes: text(found["notes"]),
        notificationEmailAddresses: some(found["notificationEmailAddresses"]),
        oauth2PermissionScopeIds: {},
        oauth2PermissionScopes: list(found["oauth2PermissionScopes"]),
        objectId: found["id"],
        owners: found["owners"],
        preferredSingleSignOnMode: text(found["preferredSingleSignOnMode"]),
        redirectUris: list(found["replyUrls"]),
        samlMetadataUrl: text(found["samlMetadataUrl"]),
        samlSingleSignOn: {
            relayState: text(member(found["samlSingleSignOnSettings"])["relayState"]),
        },
        // The recording has none, whatever Graph returns.
        servicePrincipalNames: [],
        signInAudience: found["signInAudience"],
        tags: list(found["tags"]),
        type: found["servicePrincipalType"],
        useExisting: null,
    };
}

/** Outputs of an `ApplicationFederatedIdentityCredential`. */
export function credentialOutputs(applicationId: string, found: Values): Values {
    return {
        applicationId,
        audiences: found["audiences"],
        credentialId: found["id"],
        description: text(found["description"]),
        displayName: found["name"],
        issuer: found["issuer"],
        subject: found["subject"],
    };
}
