import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { childrenOf, DerElement, elementAt } from "./der";

/** Tags of NameConstraints (RFC 5280, 4.2.1.10). */
const permittedTag = 0xa0;
const excludedTag = 0xa1;
const directoryNameTag = 0xa4;
const dnsNameTag = 0x82;

/** A name as its relative names in order, each a text that is equal if they are (RFC 5280, 7.1). */
export type ComparableName = readonly string[];

/** Stands for the common name of any device. */
const anyCommonName = "cn=*";

export function comparableName(name: x509.Name): ComparableName {
    return name.toJSON().map((relative) =>
        Object.entries(relative)
            .flatMap(([type, values]) => values.map((value) => `${type}=${value}`))
            .map((attribute) => attribute.toLowerCase().replace(/\s+/g, " ").trim())
            .map((attribute) => attribute.replace(/= /, "="))
            .sort()
            .join("+"),
    );
}

/** The names that a policy gives its devices: only their common names differ. */
export function deviceNames(subject: x509.Name): ComparableName {
    return comparableName(subject).map((relative) =>
        relative.startsWith("cn=") ? anyCommonName : relative,
    );
}

/** A CA's name constraints. */
export interface NameConstraints {
    /** Why a name violates them, in words; undefined if it does not. */
    readonly refusal: (name: ComparableName) => string | undefined;
    /** Whether they constrain host names, which OpenSSL looks for in a common name that has a dot. */
    readonly concernHosts: boolean;
}

/**
 * Reads the extension's value. Only constraints of the kind directoryName concern a subject.
 *
 * @throws Error when it is malformed
 */
export function nameConstraints(extension: Buffer): NameConstraints {
    const outer = elementAt(extension, 0);
    const parts = outer ? childrenOf(extension, outer) : [];
    /** GeneralSubtrees: the base name of each, and what follows it. */
    const subtrees = (wanted: number): DerElement[][] =>
        parts
            .filter(({ tag }) => tag === wanted)
            .flatMap((part) => childrenOf(extension, part))
            .map((subtree) => childrenOf(extension, subtree));
    const names = (wanted: number): ComparableName[] =>
        subtrees(wanted)
            .filter(([base]) => base?.tag === directoryNameTag)
            .map(([{ start, end }, ...bounds]) => {
                if (bounds.length > 0) {
                    throw new Error("minimum or maximum, which are not allowed");
                }
                return comparableName(
                    new x509.Name(new Uint8Array(extension.subarray(start, end))),
                );
            });
    const permitted = names(permittedTag);
    const excluded = names(excludedTag);
    return {
        refusal: (name) => {
            if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base, false))) {
                return `permits only ${permitted.map(inWords).join(" and ")}`;
            }
            const base = excluded.find((candidate) => isWithin(name, candidate, true));
            return base && `excludes ${inWords(base)}`;
        },
        concernHosts: [permittedTag, excludedTag].some((wanted) =>
            subtrees(wanted).some(([base]) => base?.tag === dnsNameTag),
        ),
    };
}

/** Whether a name is in the subtree of another; `some`: whether at least one of the devices' names is. */
function isWithin(name: ComparableName, base: ComparableName, some: boolean): boolean {
    return base.every(
        (relative, index) =>
            relative === name[index] ||
            (some && name[index] === anyCommonName && relative.startsWith("cn=")),
    );
}

function inWords(name: ComparableName): string {
    return name.length === 0 ? "the empty name" : `"${name.join(", ")}"`;
}
