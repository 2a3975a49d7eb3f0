import { createHash, randomBytes } from "crypto";
import { NamingOptions } from "../frame/provider";
import { Autonaming, ResourceType } from "./resourceTypes";
import { hasValue, Values } from "../frame/values";

/**
 * Input that records that the name was generated, so that a replacement may be created before the old resource is
 * deleted. Members that start with two underscores never count as a change.
 */
export const createBeforeDelete = "__createBeforeDelete";

/**
 * Fills in the name if the program leaves it out. An existing name is kept.
 *
 * @param seed from the engine, so that a preview and its update agree; empty for true randomness
 */
export function applyName(
    type: ResourceType,
    urn: string,
    seed: Uint8Array,
    options: NamingOptions | undefined,
    oldInputs: Values,
    inputs: Values,
): void {
    for (const { name, autonaming } of type.path) {
        if (autonaming === undefined || hasValue(inputs[name])) {
            continue;
        }
        if (hasValue(oldInputs[name])) {
            inputs[name] = oldInputs[name];
            if (oldInputs[createBeforeDelete] === true) {
                inputs[createBeforeDelete] = true;
            }
            continue;
        }
        const made = makeName(autonaming, urn.slice(urn.lastIndexOf("::") + 2), seed, options);
        if (made !== undefined) {
            inputs[name] = made.name;
            if (made.unique) {
                inputs[createBeforeDelete] = true;
            }
        }
    }
}

function makeName(
    kind: Autonaming,
    logicalName: string,
    seed: Uint8Array,
    options: NamingOptions | undefined,
): { name: string; unique: boolean } | undefined {
    if (options?.mode === "disable") {
        return undefined;
    }
    if (options?.mode === "enforce" || (options?.mode === "propose" && kind !== "uuid")) {
        return { name: options.proposedName, unique: true };
    }
    switch (kind) {
        case "random":
            return { name: logicalName + randomHex(seed, logicalName, 8), unique: true };
        case "uuid":
            return { name: uuidFrom(randomHex(seed, "", 32)), unique: true };
        case "copy":
            return { name: logicalName, unique: false };
    }
}

function randomHex(seed: Uint8Array, salt: string, digits: number): string {
    const source =
        seed.length === 0
            ? randomBytes(32)
            : createHash("sha256").update(seed).update(salt).digest();
    return source.toString("hex").slice(0, digits);
}

const uuidFrom = (hex: string): string =>
    hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
