import { shardNames } from "../shards";
import { Settings, Shard, Sharding } from "../settings";
import { suggestion } from "./suggestions";
import { Section } from "./section";

const mostShards = 1000;

/** How the devices are spread over fleet stacks; undefined if they are in the hub's own stack. */
export function readSharding(top: Section): Sharding | undefined {
    if (!top.has("shards")) {
        return undefined;
    }
    const given = top.raw("shards");
    if (given === "group") {
        return { by: "group" };
    }
    const count = Number(given);
    const isNumber = typeof given !== "object" && /^\d+$/.test(String(given));
    if (!isNumber || count < 1 || count > mostShards) {
        top.bad(
            "shards",
            `must be a number of fleet stacks from 1 to ${mostShards}, or "group"`,
            'write a number to spread the devices evenly, or "group" for one stack per group',
        );
        return undefined;
    }
    return { by: "hash", count };
}

/** Which part of another stack's fleet this stack holds. `npm run fleet` writes it. */
export function readShard(
    top: Section,
    sharding: Sharding | undefined,
    fleet: Pick<Settings, "groups" | "devices">,
): Shard | undefined {
    if (!top.has("shard")) {
        return undefined;
    }
    const remedy = "delete it: npm run fleet writes this setting";
    if (sharding === undefined) {
        top.bad("shard", "requires shards", remedy);
        return undefined;
    }
    const section = top.section("shard", "a fleet stack", ["of", "name"]);
    const given = { pattern: /./, rule: "must be a name", remedy };
    const shard = {
        of: section.requiredText("of", given),
        name: section.requiredText("name", given),
    };
    const names = shardNames(sharding, fleet);
    if (shard.name !== "" && !names.includes(shard.name)) {
        section.bad("name", "must be one of the shards", suggestion(shard.name, names));
    }
    return shard;
}
