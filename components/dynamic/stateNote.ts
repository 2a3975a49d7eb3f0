import type { CreateResult, ResourceProvider, UpdateResult } from "@pulumi/pulumi/dynamic";
import { changedKeys } from "./values";

/** The part of a provider that only takes a note in the state: nothing of the resource exists on Azure. */
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
