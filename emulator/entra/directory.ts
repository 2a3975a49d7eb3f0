import { createHash, randomBytes, randomUUID, timingSafeEqual } from "crypto";
import { Application, GraphRight, PasswordCredential, ServicePrincipal } from "./model";

const secretYears = 2;

/** The result of {@link Directory.snapshot}; plain JSON. */
export interface DirectorySnapshot {
    readonly tenantId: string;
    readonly applications: readonly Application[];
    readonly servicePrincipals: readonly ServicePrincipal[];
}

/** A new service principal; the secret, if requested, is returned only this once. */
export interface ReadyPrincipal {
    readonly appId: string;
    readonly objectId: string;
    readonly secret?: string;
}

/** An Entra tenant: its applications and service principals. */
export class Directory {
    private tenant: string = randomUUID();
    private readonly applicationsById = new Map<string, Application>();
    private readonly principalsById = new Map<string, ServicePrincipal>();

    /** @param initialDomain the domain that the tenant has from the start */
    constructor(readonly initialDomain = "iotx509emulator.onmicrosoft.com") {}

    get tenantId(): string {
        return this.tenant;
    }

    applications(): readonly Application[] {
        return [...this.applicationsById.values()];
    }

    servicePrincipals(): readonly ServicePrincipal[] {
        return [...this.principalsById.values()];
    }

    application(objectId: string): Application | undefined {
        return this.applicationsById.get(objectId.toLowerCase());
    }

    applicationByAppId(appId: string): Application | undefined {
        return this.applications().find((one) => one.appId === appId.toLowerCase());
    }

    servicePrincipal(objectId: string): ServicePrincipal | undefined {
        return this.principalsById.get(objectId.toLowerCase());
    }

    servicePrincipalByAppId(appId: string): ServicePrincipal | undefined {
        return this.servicePrincipals().find((one) => one.appId === appId.toLowerCase());
    }

    addApplication(createdDateTime: string): Application {
        const application: Application = {
            id: randomUUID(),
            appId: randomUUID(),
            createdDateTime,
            properties: {},
            passwords: [],
            keys: [],
            federated: [],
            owners: [],
        };
        this.applicationsById.set(application.id, application);
        return application;
    }

    /** Also deletes the application's service principal in its own tenant (Graph docs: application-delete). */
    removeApplication(application: Application): void {
        this.applicationsById.delete(application.id);
        const principal = this.servicePrincipalByAppId(application.appId);
        if (principal !== undefined) {
            this.removeServicePrincipal(principal);
        }
    }

    addServicePrincipal(appId: string, createdDateTime: string): ServicePrincipal {
        const principal: ServicePrincipal = {
            id: randomUUID(),
            appId: appId.toLowerCase(),
            createdDateTime,
            properties: {},
            owners: [],
        };
        this.principalsById.set(principal.id, principal);
        return principal;
    }

    removeServicePrincipal(principal: ServicePrincipal): void {
        this.principalsById.delete(principal.id);
    }

    /**
     * Registers an application and its service principal, as `az ad sp create-for-rbac` does.
     *
     * @param options.secret whether to create a client secret, valid for two years. Default: no.
     * @param options.graphRights permissions on Microsoft Graph with admin consent. Default: none.
     */
    createServicePrincipal(options: {
        displayName: string;
        secret?: boolean;
        graphRights?: readonly GraphRight[];
    }): ReadyPrincipal {
        const now = new Date();
        const { displayName, graphRights = [] } = options;
        const application = this.addApplication(now.toISOString());
        application.properties = { displayName };
        const principal = this.addServicePrincipal(application.appId, now.toISOString());
        principal.properties = { displayName };
        principal.graphRights = graphRights;
        const made = { appId: application.appId, objectId: principal.id };
        if (options.secret !== true) {
            return made;
        }
        const end = new Date(now);
        end.setUTCFullYear(end.getUTCFullYear() + secretYears);
        const { secret } = this.addPassword(application, {
            displayName: null,
            startDateTime: now.toISOString(),
            endDateTime: end.toISOString(),
        });
        return { ...made, secret };
    }

    /** Adds a client secret. Returns the secret and the credential that is kept. */
    addPassword(
        application: Application,
        wanted: {
            readonly displayName: string | null;
            readonly startDateTime: string;
            readonly endDateTime: string;
        },
    ): { readonly secret: string; readonly credential: PasswordCredential } {
        const secret = newSecret();
        const credential: PasswordCredential = {
            keyId: randomUUID(),
            displayName: wanted.displayName,
            hint: secret.slice(0, 3),
            startDateTime: wanted.startDateTime,
            endDateTime: wanted.endDateTime,
            secretHash: hash(secret).toString("hex"),
        };
        application.passwords.push(credential);
        return { secret, credential };
    }

    snapshot(): DirectorySnapshot {
        return structuredClone({
            tenantId: this.tenant,
            applications: this.applications(),
            servicePrincipals: this.servicePrincipals(),
        });
    }

    restore(snapshot: DirectorySnapshot): void {
        const { tenantId, applications, servicePrincipals } = structuredClone(snapshot);
        this.reset();
        this.tenant = tenantId;
        applications.forEach((one) => this.applicationsById.set(one.id, one));
        servicePrincipals.forEach((one) => this.principalsById.set(one.id, one));
    }

    /** Deletes all applications; the tenant keeps its ID. */
    reset(): void {
        this.applicationsById.clear();
        this.principalsById.clear();
    }
}

/** The credential that a secret belongs to, even if it has expired. */
export function matchingPassword(
    application: Application,
    secret: string,
): PasswordCredential | undefined {
    const presented = hash(secret);
    return application.passwords.find((one) =>
        timingSafeEqual(Buffer.from(one.secretHash, "hex"), presented),
    );
}

function hash(secret: string): Buffer {
    return createHash("sha256").update(secret, "utf8").digest();
}

/** 40 characters, as long as Entra's, without characters that are special to a shell. */
function newSecret(): string {
    return randomBytes(30).toString("base64").replace(/\+/g, "-").replace(/\//g, "_");
}
