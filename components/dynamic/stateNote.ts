import type { CreateResult, ResourceProvider, UpdateResult } from "@pulumi/pulumi/dynamic";
import { changedKeys } from "./values";

/** Provider methods for a resource that is only a note in the state, without a counterpart in Azure. */
export function stateNote<T extends object>(
    id: string,
    key: keyof T & string,
): Required<Pick<ResourceProvider<T, T>, "create" | "update" | "diff">> {
    return {
        diff: async (_: string, olds: T, news: T) => ({
            changes: changedKeys(olds, news, [key]).length > 0,
        }),
        create: async (inputs: T): Promise<CreateResult<T>> => ({ id, outs: inputs }),
        update: async (_: string, __: T, news: T): Promise<UpdateResult<T>> => ({ outs: news }),
    };
}
