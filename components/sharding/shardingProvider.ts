/*
 * Sharding: a note in the state of a hub's stack. It has no counterpart in Azure.
 */
import type { ConfigureRequest, ResourceProvider } from "@pulumi/pulumi/dynamic";
import { stateNote } from "../dynamic/stateNote";
import { rememberSettings } from "../dynamic/stackSettings";

interface Shards {
    readonly shards: string;
}

export const provider: ResourceProvider<Shards, Shards> = {
    configure: async (request: ConfigureRequest) => rememberSettings(request),
    ...stateNote<Shards>("sharding", "shards"),
};
