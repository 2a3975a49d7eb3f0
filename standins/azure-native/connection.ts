import type { TokenCredential } from "@azure/identity";
import { Cloud, Configuration } from "../azure/configuration";
import { ArmClient } from "./armClient";

/** What the provider works with once it is configured. */
export interface Connection {
    readonly client: ArmClient;
    /** What signs in. */
    readonly credential: TokenCredential;
    readonly configuration: Configuration;
    /** The configured one, or az's own. */
    readonly cloud: Cloud;
    readonly subscriptionId: string;
    /** A line to the user, under the resource it is about. */
    readonly warn: (urn: string, message: string) => void;
}
