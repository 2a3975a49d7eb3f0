import { createHash, randomUUID, X509Certificate } from "crypto";
import { Application, FederatedIdentityCredential, KeyCredential } from "./model";
import { graph, GraphObject } from "./odata";

// Graph docs: federatedIdentityCredential, "Maximum of 20 objects can be added to an application".
const mostFederated = 20;
const federatedName = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;
const isoDate = /^\d{4}-\d{2}-\d{2}T/;

/** Reads a date of a request; returns the fallback when there is none. */
export function dateOf(value: unknown, fallback: Date): string {
    if (value === undefined || value === null) {
        return fallback.toISOString();
    }
    if (typeof value !== "string" || !isoDate.test(value) || Number.isNaN(Date.parse(value))) {
        throw graph.badRequest("A value was not a date of the form 2030-01-31T00:00:00Z.");
    }
    return new Date(value).toISOString();
}

/**
 * Reads the whole list of an application's certificates. An entry whose `key` is null keeps the certificate with its
 * `keyId` (Graph docs: keyCredential).
 *
 * @throws GraphProblem
 */
export function readKeys(application: Application, value: unknown): KeyCredential[] {
    if (!Array.isArray(value)) {
        throw graph.badRequest(
            "Invalid value specified for property 'keyCredentials' of resource 'Application'.",
        );
    }
    return (value as GraphObject[]).map((entry) => {
        if (entry.key === null || entry.key === undefined) {
            const kept = application.keys.find((key) => key.keyId === entry.keyId);
            if (kept === undefined) {
                throw graph.badRequest("Key credential value is required when adding new key.");
            }
            return kept;
        }
        return readKey(entry);
    });
}

function readKey(entry: GraphObject): KeyCredential {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(Buffer.from(String(entry.key), "base64"));
    } catch {
        throw graph.badRequest(
            "Key credential end date is invalid or the value is not a certificate.",
        );
    }
    const { raw, validFrom, validTo } = certificate;
    const end = dateOf(entry.endDateTime, new Date(validTo));
    if (Date.parse(end) > Date.parse(validTo)) {
        throw graph.badRequest("Key credential end date is invalid.");
    }
    return {
        keyId: typeof entry.keyId === "string" ? entry.keyId : randomUUID(),
        displayName:
            typeof entry.displayName === "string" ? entry.displayName : certificate.subject,
        type: String(entry.type ?? "AsymmetricX509Cert"),
        usage: String(entry.usage ?? "Verify"),
        startDateTime: dateOf(entry.startDateTime, new Date(validFrom)),
        endDateTime: end,
        customKeyIdentifier: createHash("sha1").update(raw).digest("hex").toUpperCase(),
        key: raw.toString("base64"),
    };
}

/** Creates a federated identity credential. @throws GraphProblem */
export function newFederated(
    application: Application,
    body: GraphObject,
): FederatedIdentityCredential {
    const { name } = body;
    if (typeof name !== "string" || !federatedName.test(name)) {
        throw graph.badRequest(
            "Invalid value specified for property 'name' of resource 'FederatedIdentityCredential'.",
        );
    }
    if (application.federated.some((known) => known.name === name)) {
        throw graph.sameKey(`FederatedIdentityCredential with name ${name} already exists.`);
    }
    if (application.federated.length >= mostFederated) {
        throw graph.badRequest(
            `The number of federated identity credentials of the application is at its limit of ${mostFederated}.`,
        );
    }
    return changedFederated(
        application,
        { id: randomUUID(), name, issuer: "", subject: "", audiences: [], description: null },
        body,
    );
}

/** Changes a federated identity credential, except its name. @throws GraphProblem */
export function changedFederated(
    application: Application,
    current: FederatedIdentityCredential,
    body: GraphObject,
): FederatedIdentityCredential {
    const { issuer, subject, audiences, description } = { ...current, ...body } as GraphObject;
    if (typeof issuer !== "string" || !issuer.startsWith("https://")) {
        throw invalidFederated("issuer");
    }
    if (typeof subject !== "string" || subject === "" || subject.length > 600) {
        throw invalidFederated("subject");
    }
    const isOne = Array.isArray(audiences) && audiences.length === 1;
    if (!isOne || typeof audiences[0] !== "string" || audiences[0] === "") {
        throw invalidFederated("audiences");
    }
    const twin = application.federated.find(
        (known) => known.id !== current.id && known.issuer === issuer && known.subject === subject,
    );
    if (twin !== undefined) {
        throw graph.sameKey(
            `FederatedIdentityCredential with issuer ${issuer} and subject ${subject} already exists.`,
        );
    }
    return {
        id: current.id,
        name: current.name,
        issuer,
        subject,
        audiences: audiences as string[],
        description: typeof description === "string" ? description : null,
    };
}

function invalidFederated(property: string) {
    return graph.badRequest(
        `Invalid value specified for property '${property}' of resource 'FederatedIdentityCredential'.`,
    );
}
