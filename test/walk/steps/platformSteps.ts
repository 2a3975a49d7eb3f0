import { foreignHub } from "../model/foreignHub";
import { WalkConfig } from "../model/config";
import { forgetEnrollment } from "./settingSteps";
import { Choice, isUnprotected, Verb } from "./verb";

const nothing = "-";

function nameOrPrefix(
    section: { name?: unknown; prefix?: unknown },
    [key, value]: readonly string[],
) {
    delete section.name;
    delete section.prefix;
    if (value !== nothing) {
        section[key as "name" | "prefix"] = value;
    }
}

const subjects = ["ref:refs/heads/main", "environment:prod", "ref:refs/tags/v1", "environment:a-b"];
const previews = "pull_request";

function chooseCi(_: unknown, choice: Choice): string[] {
    const repository = choice.of(["contoso/fleet", "contoso/other", nothing]) ?? nothing;
    const from = choice.of([0, 1, 2, 3]) ?? 0;
    const count = choice.of([1, 2, 3]) ?? 1;
    const turned = [...subjects.slice(from), ...subjects.slice(0, from)];
    const preview = choice.of([[], [previews]]) ?? [];
    return repository === nothing ? [nothing] : [repository, ...turned.slice(0, count), ...preview];
}

export const platformSteps: Readonly<Record<string, Verb>> = {
    "name-hub": {
        weight: 0.3,
        choose: (_, choice) => [choice.of(["name walk-hub-a", "name walk-hub-b"]) ?? ""],
        edit: ({ hub }, [words]) => nameOrPrefix(hub, words.split(" ")),
    },
    "prefix-hub": {
        weight: 0.3,
        choose: (_, choice) => [choice.of(["prefix walk", "prefix walk2"]) ?? ""],
        edit: ({ hub }, [words]) => nameOrPrefix(hub, words.split(" ")),
    },
    "add-dps": {
        weight: 4,
        choose: () => [],
        edit: (config) => {
            config.dps ??= { prefix: "walk-dps" };
        },
    },
    "drop-dps": {
        weight: 1,
        choose: () => [],
        isPossible: isUnprotected,
        edit: (config: WalkConfig) => {
            delete config.dps;
            for (const [name, group] of Object.entries(config.groups)) {
                delete group.provisioning;
                forgetEnrollment(config, name);
            }
        },
    },
    "name-dps": {
        weight: 0.3,
        choose: (_, choice) => [
            choice.of(["name walk-dps-a", "name walk-dps-b", "prefix walk-dps", "prefix wdps"]) ??
                "",
        ],
        isPossible: (model) => model.config.dps !== undefined && isUnprotected(model),
        edit: ({ dps = {} }, [words]) => nameOrPrefix(dps, words.split(" ")),
    },
    "link-hub": {
        weight: 1,
        choose: (_, choice) => [choice.of(["0", nothing]) ?? nothing],
        isPossible: ({ config }) => config.dps !== undefined,
        edit: ({ dps = {} }, [weight]) => {
            if (weight === nothing) {
                delete dps.linkedHubs;
            } else {
                const location = "westeurope";
                dps.linkedHubs = [{ id: foreignHub, location, weight: Number(weight) }];
            }
        },
    },
    ci: {
        weight: 2,
        choose: chooseCi,
        edit: (config, [repository, ...list]) => {
            if (repository === nothing) {
                delete config.ci;
            } else {
                const deploy = list.filter((subject) => subject !== previews);
                config.ci = { repository, subjects: deploy };
                if (deploy.length < list.length) {
                    config.ci.previewSubjects = [previews];
                }
            }
        },
    },
    shards: {
        weight: 1,
        choose: (_, choice) => [choice.of(["1", "2", "3", "group", nothing]) ?? nothing],
        // The command moves what is deployed; a first run needs no move.
        isPossible: ({ applied }) => applied !== undefined,
        edit: (config, [shards]) => {
            if (shards === nothing) {
                delete config.shards;
            } else {
                config.shards = shards === "group" ? "group" : Number(shards);
                delete config.alerts;
            }
        },
    },
};
