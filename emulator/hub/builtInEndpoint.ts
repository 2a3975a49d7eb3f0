import { createHash } from "crypto";
import { clouds } from "../core/clouds";
import { Hub } from "./model";

/** The Event Hubs namespace of a hub's built-in endpoint, e.g. `iothub-ns-contoso-12345-0123456789.servicebus.windows.net`. */
export function builtInHostName(hub: Hub): string {
    const short = hub.name.toLowerCase().slice(0, 10);
    const digest = createHash("sha256").update(hub.id).digest("hex");
    const number = parseInt(digest.slice(0, 6), 16);
    const { eventHubsSuffix } = clouds.find(({ name }) => name === hub.cloud) ?? clouds[0];
    return `iothub-ns-${short}-${number}-${digest.slice(6, 16)}.${eventHubsSuffix}`;
}
