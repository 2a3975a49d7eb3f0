import {
    earliestEventPosition,
    EventHubConsumerClient,
    ReceivedEventData,
} from "@azure/event-hubs";
import { ClientSecretCredential } from "@azure/identity";
import { shared } from "./emulator";

const patience = 20_000;

/** An Entra application. */
export interface Reader {
    readonly objectId: string;
    readonly credential: ClientSecretCredential;
}

/** A new Entra application that may read what lies below the scope; without a scope, nothing. */
export async function makeReader(scope?: string): Promise<Reader> {
    const { manage, tenantId } = shared();
    const role = "Azure Event Hubs Data Receiver";
    const { appId, secret, objectId } = await manage<{
        readonly appId: string;
        readonly secret: string;
        readonly objectId: string;
    }>("POST", "/principals", {
        displayName: "reader",
        roles: scope === undefined ? [] : [{ role, scope }],
    });
    return { objectId, credential: new ClientSecretCredential(tenantId, appId, secret) };
}

/**
 * Reads from the beginning with Azure's own client, which is closed at the end.
 *
 * @param isDone asked after each batch with all that came
 * @throws what the client is told, e.g. of name `UnauthorizedError`; Error with the number of events after 20 s
 */
export async function readEvents(
    client: EventHubConsumerClient,
    isDone: (events: readonly ReceivedEventData[]) => boolean,
): Promise<ReceivedEventData[]> {
    const events: ReceivedEventData[] = [];
    let timer: NodeJS.Timeout | undefined;
    try {
        await new Promise<void>((resolve, reject) => {
            timer = setTimeout(() => reject(new Error(`${events.length} events came`)), patience);
            client.subscribe(
                {
                    processEvents: async (batch) => {
                        events.push(...batch);
                        if (isDone(events)) {
                            resolve();
                        }
                    },
                    processError: async (error) => reject(error),
                },
                { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 },
            );
        });
    } finally {
        clearTimeout(timer);
        await client.close();
    }
    return events;
}
