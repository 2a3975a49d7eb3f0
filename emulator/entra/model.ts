/** A client secret of an application; only the SHA-256 (hex) of the secret is kept. */
export interface PasswordCredential {
    readonly keyId: string;
    readonly displayName: string | null;
    /** First three characters of the secret, as Microsoft Graph shows it. */
    readonly hint: string;
    /** ISO 8601. */
    readonly startDateTime: string;
    readonly endDateTime: string;
    readonly secretHash: string;
}

/** A certificate with which an application may sign its client assertions. */
export interface KeyCredential {
    readonly keyId: string;
    readonly displayName: string | null;
    readonly type: string;
    readonly usage: string;
    /** ISO 8601. */
    readonly startDateTime: string;
    readonly endDateTime: string;
    /** SHA-1 thumbprint of the certificate, upper-case hexadecimal. */
    readonly customKeyIdentifier: string;
    /** The certificate, base64 DER. */
    readonly key: string;
}

/** Trust in the tokens of an external issuer (Microsoft Graph: federatedIdentityCredential). */
export interface FederatedIdentityCredential {
    readonly id: string;
    readonly name: string;
    readonly issuer: string;
    readonly subject: string;
    readonly audiences: readonly string[];
    readonly description: string | null;
}

/** An application registration. `properties` are those that the emulator stores without interpreting them. */
export interface Application {
    /** Object ID. */
    readonly id: string;
    /** Client ID. */
    readonly appId: string;
    /** ISO 8601. */
    readonly createdDateTime: string;
    properties: Record<string, unknown>;
    passwords: PasswordCredential[];
    keys: KeyCredential[];
    federated: FederatedIdentityCredential[];
    /** Object IDs. */
    owners: string[];
}

/** The emulated application permissions on Microsoft Graph. */
export type GraphRight = "Application.Read.All" | "Application.ReadWrite.All";

/** The identity of an application in the tenant; role assignments refer to it. */
export interface ServicePrincipal {
    /** Object ID. */
    readonly id: string;
    readonly appId: string;
    /** ISO 8601. */
    readonly createdDateTime: string;
    properties: Record<string, unknown>;
    /** Object IDs. */
    owners: string[];
    /** Permissions with admin consent; default: none. */
    graphRights?: readonly GraphRight[];
}
