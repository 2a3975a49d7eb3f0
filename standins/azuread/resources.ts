import { randomUUID } from "crypto";
import { InputProperties } from "../frame/resourceSchema";
import { Values } from "../frame/values";
import { GraphClient } from "./graphClient";
import { applicationOutputs, credentialOutputs, principalOutputs } from "./outputs";

/** A kind of Entra ID object. Paths and IDs are the official plug-in's. */
export interface DirectoryResource {
    readonly inputs: InputProperties;
    readonly schemaVersion?: number;
    /** The official plug-in's timeouts in minutes: create, delete, read, update. */
    readonly timeouts: readonly [number, number, number, number];
    /** @returns its ID */
    readonly create: (client: GraphClient, inputs: Values, signal: AbortSignal) => Promise<string>;
    /** @returns outputs; undefined when the object does not exist */
    readonly read: (
        client: GraphClient,
        id: string,
        signal: AbortSignal,
    ) => Promise<Values | undefined>;
    /** Path of the object, to which changed inputs are sent. */
    readonly path: (id: string) => string;
    readonly patch: (inputs: Values) => Values;
}

const v1 = "/v1.0";

/** The official plug-in creates an object owned by the caller, names it, and then removes the owner again. */
async function createOwned(
    client: GraphClient,
    collection: string,
    first: Values,
    patches: readonly Values[],
    signal: AbortSignal,
): Promise<string> {
    const { oid } = await client.whoAmI(signal);
    const owner = `https://graph.microsoft.com/v1.0/directoryObjects/${String(oid)}`;
    const body = { ...first, "owners@odata.bind": [owner] };
    const made = await client.call("POST", `${v1}${collection}`, signal, body);
    const id = `${collection}/${String(made["id"])}`;
    for (const patch of patches) {
        await client.call("PATCH", v1 + id, signal, patch);
    }
    await client.call("DELETE", `${v1}${id}/owners/${String(oid)}/$ref`, signal);
    return id;
}

/** What Graph returns about an object, its beta property, and its owners. */
async function readOwned(
    client: GraphClient,
    id: string,
    betaProperty: string,
    signal: AbortSignal,
): Promise<Values | undefined> {
    const found = await client.find(v1 + id, signal);
    if (found === undefined) {
        return undefined;
    }
    const select = new URLSearchParams({ $select: betaProperty });
    const beta = await client.call("GET", `/beta${id}?${select}`, signal);
    const { value } = await client.call("GET", `${v1}${id}/owners`, signal);
    const owners = (value as { id: string }[]).map((owner) => owner.id);
    return {
        ...found,
        [betaProperty]: beta[betaProperty],
        owners: owners.length === 0 ? null : owners,
    };
}

/** `APPLICATION/federatedIdentityCredential/CREDENTIAL` */
const credentialPath = (id: string): string => {
    const [application, , credential] = id.split("/");
    return `${v1}/applications/${application}/federatedIdentityCredentials/${credential}`;
};

const credentialBody = ({ audiences, displayName, issuer, subject }: Values): Values => ({
    audiences,
    issuer,
    name: displayName,
    subject,
});

/** The azuread resources that this program uses, modelled on terraform-provider-azuread. */
export const resources: Readonly<Record<string, DirectoryResource>> = {
    "azuread:index/application:Application": {
        inputs: {
            displayName: { kind: "string", required: true, updates: true },
            signInAudience: {
                kind: "string",
                fallback: "AzureADMyOrg",
                oneOf: ["AzureADMyOrg"],
                updates: true,
            },
        },
        schemaVersion: 2,
        timeouts: [10, 5, 5, 10],
        create: (client, { displayName, signInAudience }, signal) =>
            createOwned(
                client,
                "/applications",
                { displayName: `TERRAFORM_UPDATE_${randomUUID()}`, signInAudience },
                [{ displayName }, { displayName, signInAudience }],
                signal,
            ),
        read: async (client, id, signal) => {
            const found = await readOwned(client, id, "oauth2RequirePostResponse", signal);
            return found && applicationOutputs(found);
        },
        path: (id) => v1 + id,
        patch: ({ displayName, signInAudience }) => ({ displayName, signInAudience }),
    },
    "azuread:index/servicePrincipal:ServicePrincipal": {
        inputs: {
            accountEnabled: { kind: "boolean", fallback: true, updates: true },
            clientId: { kind: "string", required: true },
        },
        schemaVersion: 1,
        timeouts: [10, 5, 5, 10],
        create: async (client, { accountEnabled, clientId: appId }, signal) => {
            const filter = new URLSearchParams({ $filter: `appId eq '${String(appId)}'` });
            const collection = "/servicePrincipals";
            const { value } = await client.call("GET", `${v1}${collection}?${filter}`, signal);
            if ((value as unknown[]).length > 0) {
                throw new Error(`a service principal of the client ID ${String(appId)} exists`);
            }
            const patches = [{ accountEnabled }];
            return createOwned(client, collection, { accountEnabled, appId }, patches, signal);
        },
        read: async (client, id, signal) => {
            const found = await readOwned(client, id, "samlMetadataUrl", signal);
            return found && principalOutputs(found);
        },
        path: (id) => v1 + id,
        patch: ({ accountEnabled }) => ({ accountEnabled }),
    },
    "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": {
        inputs: {
            applicationId: { kind: "string", required: true },
            audiences: { kind: "strings", required: true, updates: true },
            displayName: { kind: "string", required: true },
            issuer: { kind: "string", required: true, updates: true },
            subject: { kind: "string", required: true, updates: true },
        },
        timeouts: [15, 5, 5, 5],
        create: async (client, inputs, signal) => {
            const application = String(inputs["applicationId"]);
            await client.call("GET", v1 + application, signal);
            const all = `${v1}${application}/federatedIdentityCredentials`;
            const { id } = await client.call("POST", all, signal, credentialBody(inputs));
            const [, , applicationId] = application.split("/");
            return `${applicationId}/federatedIdentityCredential/${String(id)}`;
        },
        read: async (client, id, signal) => {
            const found = await client.find(credentialPath(id), signal);
            return found && credentialOutputs(`/applications/${id.split("/")[0]}`, found);
        },
        path: credentialPath,
        patch: credentialBody,
    },
};
