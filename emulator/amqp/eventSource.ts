import { createHmac, timingSafeEqual } from "crypto";
import { EmulatorContext } from "../context";
import { clouds } from "../core/clouds";
import { audiencesOf } from "../entra/resources";
import { TokenProblem } from "../entra/tokens";
import { EventLog } from "../eventHubs/eventLog";
import { builtInHostName } from "../hub/builtInEndpoint";
import { Hub } from "../hub/model";
import { parseSharedAccessSignature } from "../hub/sharedAccess";

/** A token as sent with claims-based security: its type and its text. */
export interface ClaimsToken {
    /** `jwt` or `servicebus.windows.net:sastoken`. */
    readonly type: string;
    readonly text: string;
}

/** What a client can read at a host: an Event Hub, or a hub's built-in endpoint. */
export interface EventSource {
    readonly name: string;
    readonly createdAt: string;
    readonly log: EventLog;
    hasConsumerGroup(name: string): boolean;
    /** @throws Unauthorized */
    demandRead(token: ClaimsToken): Promise<void>;
}

/** Thrown when a token, or what it is used for, is refused. */
export class Unauthorized extends Error {}

/** The host that a connection addresses; `find` takes the name of an Event Hub on it. */
export interface EventHost {
    find(name: string): EventSource | undefined;
    /**
     * Checks a token when the client puts it, before its first use.
     *
     * @throws Unauthorized
     */
    admit(token: ClaimsToken): Promise<void>;
}

/** Returns undefined when no such host exists. */
export function eventHost(context: EmulatorContext, hostName: string): EventHost | undefined {
    const namespace = context.eventHubs.byHostName(hostName);
    if (namespace !== undefined) {
        const cloud = clouds.find(({ name }) => name === namespace.cloud) ?? clouds[0];
        const principalOf = async ({ type, text }: ClaimsToken) => {
            if (type !== "jwt") {
                throw new Unauthorized(
                    namespace.properties.disableLocalAuth === true
                        ? "LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace."
                        : "The local emulator does not support namespace keys. Real Azure does.",
                );
            }
            return verified(context, text, audiencesOf("eventHubs", cloud));
        };
        return {
            admit: async (token) => {
                await principalOf(token);
            },
            find: (name) => {
                const eventHub = namespace.eventHubs.get(name.toLowerCase());
                return (
                    eventHub && {
                        name: eventHub.name,
                        createdAt: eventHub.createdAt,
                        log: eventHub.log,
                        hasConsumerGroup: (group) =>
                            eventHub.consumerGroups.has(group.toLowerCase()),
                        demandRead: async (token) => {
                            const principal = await principalOf(token);
                            const action = "Microsoft.EventHub/namespaces/messages/receive/action";
                            if (!context.access.isDataAllowed(principal, action, eventHub.id)) {
                                throw new Unauthorized(
                                    "Unauthorized access. 'Listen' claim(s) are required to perform this operation. " +
                                        `Resource: 'sb://${namespace.hostName}/${eventHub.name.toLowerCase()}'.`,
                                );
                            }
                        },
                    }
                );
            },
        };
    }
    const hub = context.hubs.list().find((one) => builtInHostName(one) === hostName.toLowerCase());
    return hub?.state === "Active" ? builtIn(context, hub) : undefined;
}

/**
 * The built-in endpoint accepts only a shared access policy with ServiceConnect. Entra ID is not supported there (Azure
 * docs: authenticate-authorize-azure-ad), so with local authentication disabled nobody can read it.
 */
function builtIn(context: EmulatorContext, hub: Hub): EventHost {
    const demandKey = ({ type, text }: ClaimsToken): void => {
        if (type === "jwt") {
            throw new Unauthorized(
                "The built-in endpoint of an IoT hub does not support Microsoft Entra ID.",
            );
        }
        if (hub.properties.disableLocalAuth === true) {
            throw new Unauthorized("Local authentication is disabled on the IoT hub.");
        }
        if (!isSignedByReader(hub, text, context.clock.now())) {
            throw new Unauthorized("The signature is invalid, expired or lacks ServiceConnect.");
        }
    };
    return {
        admit: async (token) => demandKey(token),
        find: (name) =>
            name.toLowerCase() === hub.name.toLowerCase()
                ? {
                      name: hub.name.toLowerCase(),
                      createdAt: hub.createdAt,
                      log: context.routing.builtIn(hub),
                      hasConsumerGroup: (group) =>
                          [...hub.consumerGroups.keys()].some(
                              (one) => one.toLowerCase() === group.toLowerCase(),
                          ),
                      demandRead: async (token) => demandKey(token),
                  }
                : undefined,
    };
}

/** Event Hubs signs with the text of the key, IoT Hub with the bytes that the key encodes in base64. */
function isSignedByReader(hub: Hub, text: string, now: number): boolean {
    const signature = parseSharedAccessSignature(text);
    const policy = hub.policies.find(({ keyName }) => keyName === signature?.policy);
    if (
        signature === undefined ||
        policy === undefined ||
        signature.expiry < now / 1000 ||
        !/\bServiceConnect\b/.test(policy.rights) ||
        !signature.resource.toLowerCase().startsWith(`sb://${builtInHostName(hub)}/`)
    ) {
        return false;
    }
    const given = Buffer.from(signature.signature, "base64");
    return [policy.primaryKey, policy.secondaryKey].some((key) => {
        const signed = `${signature.signedResource}\n${signature.expiry}`;
        const made = createHmac("sha256", key).update(signed).digest();
        return made.length === given.length && timingSafeEqual(made, given);
    });
}

async function verified(context: EmulatorContext, jwt: string, audiences: readonly string[]) {
    try {
        return await context.tokens.verify(`Bearer ${jwt}`, audiences);
    } catch (error) {
        if (error instanceof TokenProblem) {
            throw new Unauthorized(`InvalidIssuer or InvalidAudience: ${error.description}`);
        }
        throw error;
    }
}
