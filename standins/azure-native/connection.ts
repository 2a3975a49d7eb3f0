import type { TokenCredential } from "@azure/identity";
import { Cloud, Configuration } from "../azure/configuration";
import { ArmClient } from "./armClient";

/** What the configured provider works with. */
export interface Connection {
    readonly client: ArmClient;
    /** The credential for signing in. */
    readonly credential: TokenCredential;
    readonly configuration: Configuration;
    /** The configured cloud, or the one that az uses. */
    readonly cloud: Cloud;
    readonly subscriptionId: string;
    /** Shows a line to the user, under the resource it is about. */
    readonly warn: (urn: string, message: string) => void;
}
