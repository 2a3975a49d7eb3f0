/*
 * Sharding: a note in the state of a hub's stack. Nothing of it exists on Azure.
 */
import type {
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { rememberSettings } from "./stackSettings";

interface Shards {
    readonly shards: string;
}

export const provider: ResourceProvider<Shards, Shards> = {
    configure: async (request: ConfigureRequest) => rememberSettings(request),
    diff: async (_: string, olds: Shards, news: Shards): Promise<DiffResult> => ({
        changes: olds.shards !== news.shards,
    }),
    create: async (inputs: Shards): Promise<CreateResult<Shards>> => ({
        id: "sharding",
        outs: inputs,
    }),
    update: async (_: string, __: Shards, news: Shards): Promise<UpdateResult<Shards>> => ({
        outs: news,
    }),
};
