import { strict as assert } from "assert";
import * as path from "path";
import * as Ajv from "ajv";
import { ConfigurationError, Problem, readSettings } from "../../../../stacks/config";
import { stackFileSchema } from "../../../../stacks/config/schema/jsonSchema";
import { Setting } from "../../../../stacks/config/schema/model";
import { sections } from "../../../../stacks/config/schema/sections";
import { Raw } from "./configSupport";

export const project = path.resolve(__dirname, "../../../..");

/** Every setting, by its whole path. */
export const settings: readonly (Setting & { readonly path: string })[] = sections.flatMap(
    (section) =>
        section.settings.map((setting) => ({ ...setting, path: section.prefix + setting.name })),
);

/** A stack with one of everything, so that each setting has its place. */
function stack(): Raw {
    return {
        organization: "Contoso",
        location: "westeurope",
        resourceGroupName: "rg",
        hub: {},
        dps: { linkedHubs: [linkedHub()] },
        est: { bootstrap: [{ group: "pumps", secrets: "test/cases/one-time-secrets.csv" }] },
        pki: { root: {} },
        groups: {
            pumps: {
                provisioning: "both",
                enrollment: { initialTwin: {} },
                intermediate: { generation: 3 },
            },
        },
        devices: [{ id: "pump-01", group: "pumps" }],
        deviceDefaults: {},
        rollover: {},
        ci: {
            repository: "contoso/fleet",
            subjects: ["environment:prod"],
            previewSubjects: ["pull_request"],
        },
        shards: 2,
        shard: { of: "prod", name: "shard-1" },
    };
}

export function linkedHub(): Raw {
    const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg";
    return { id: `${group}/providers/Microsoft.Devices/IotHubs/other`, location: "eastus" };
}

/** Steps from the stack to where a path of the reference leads. */
function steps(where: string): (string | number)[] {
    return where
        .replace("<group>", "pumps")
        .replace("<device>", "0")
        .replace("[]", ".0")
        .split(".")
        .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** The stack with one value put at a path. */
export function withValue(where: string, value: unknown): Raw {
    const raw = stack();
    const way = steps(where);
    let at = raw as Record<string | number, unknown>;
    for (const step of way.slice(0, -1)) {
        at[step] ??= {};
        at = at[step] as typeof at;
    }
    at[way[way.length - 1]] = value;
    return raw;
}

export function problems(raw: Raw): readonly Problem[] {
    try {
        readSettings(raw, project);
        return [];
    } catch (error) {
        assert(error instanceof ConfigurationError, String(error));
        return error.problems;
    }
}

/** The problems that the reader has with what stands at a path. */
export function problemsAt(where: string, raw: Raw): readonly Problem[] {
    const shown = steps(where).reduce<string>(
        (text, step) =>
            typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`,
        "",
    );
    return problems(raw).filter(
        (one) =>
            one.path === shown ||
            ([".", "["].includes(one.path[shown.length] ?? "") && one.path.startsWith(shown)),
    );
}

export const validate = new Ajv({ allErrors: true }).compile(stackFileSchema());

/** What the independent validator says of a stack's settings. */
export function faults(raw: Raw): string[] {
    const config = Object.fromEntries(
        Object.entries(raw).map(([key, value]) => [`iot-x509:${key}`, value]),
    );
    validate({ config });
    return (validate.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message}`);
}

/** Whether the validator misses a key; what it says of the form of secrets does not count. */
export function doesNotKnow(raw: Raw, key: string): boolean {
    faults(raw);
    return (validate.errors ?? []).some(
        ({ params, schemaPath }) =>
            "additionalProperty" in params &&
            params.additionalProperty === key &&
            !schemaPath.startsWith("#/definitions/"),
    );
}
