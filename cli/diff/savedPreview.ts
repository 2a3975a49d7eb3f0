import { readFileSync } from "fs";
import { readShownConfiguration, StackFileError } from "../stackFiles/planConfig";
import { Previewed } from "./buildDiff";
import { HeldResource } from "./heldFleet";
import { RawStep, typeOf } from "./step";

/** The part of the output of `pulumi preview --json` that is read here. */
interface SavedPreview {
    readonly config?: Readonly<Record<string, string>>;
    readonly steps?: readonly {
        readonly op: string;
        readonly urn: string;
        readonly oldState?: Omit<HeldResource, "urn" | "type">;
        readonly newState?: Omit<HeldResource, "urn" | "type">;
        readonly detailedDiff?: RawStep["detailedDiff"];
    }[];
    readonly changeSummary?: Readonly<Record<string, number>>;
}

/**
 * Reads a saved preview of a stack that holds hub and devices.
 *
 * @param folder folder of Pulumi.yaml, which file names in the settings are relative to
 * @throws StackFileError if it is not a preview of this program, or omits what stays the same; ConfigurationError
 */
export function readSavedPreview(file: string, folder: string): Previewed {
    const { config = {}, steps, changeSummary = {} } = parsed(file);
    const [first] = steps ?? [];
    if (steps === undefined || first === undefined) {
        throw notOne(file, "it has no steps");
    }
    if (steps.every(({ urn }) => urn.split("::")[1] !== "iot-x509")) {
        throw notOne(file, "it is of another project");
    }
    const { same = 0, ...changes } = changeSummary;
    const isShort = steps.filter(({ op }) => op === "same").length < same;
    if (isShort && Object.keys(changes).length > 0) {
        throw notOne(
            file,
            "it leaves out what stays the same, and who keeps access is told from that",
        );
    }
    const stack = first.urn.split("::")[0].replace(/^urn:pulumi:/, "");
    const { settings, encrypted } = readShownConfiguration(config, folder, stack);
    if (settings.shards !== undefined || settings.shard !== undefined) {
        throw new StackFileError(
            `${file} is of one stack, and the devices of ${stack} are in several (iot-x509:shards) — leave out --from: ` +
                `npm run diff -- --stack ${settings.shard?.of ?? stack} previews all of them`,
        );
    }
    return {
        stack,
        steps: steps.map(({ op, urn, oldState, newState, detailedDiff }) => ({
            op,
            urn,
            old: oldState,
            new: newState,
            detailedDiff,
        })),
        resources: steps.flatMap(({ urn, oldState }) =>
            oldState === undefined ? [] : [{ ...oldState, urn, type: typeOf(urn) }],
        ),
        settings,
        encrypted,
    };
}

function parsed(file: string): SavedPreview {
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch (error) {
        throw new StackFileError(
            `${file} cannot be read (${(error as NodeJS.ErrnoException).code}) — make it with: ` +
                command,
        );
    }
    try {
        const content: unknown = JSON.parse(text);
        if (typeof content === "object" && content !== null) {
            return content as SavedPreview;
        }
    } catch {
        // Reported below.
    }
    throw notOne(file, "it is no JSON object");
}

const command = "pulumi preview --json --show-sames > FILE";

function notOne(file: string, why: string): StackFileError {
    return new StackFileError(`${file} cannot be told from: ${why} — make it with: ${command}`);
}
