import { visit } from "jsonc-parser";

/** A key that stands twice in one object of a JSON text. */
export interface RepeatedKey {
    readonly key: string;
    /** Both from 1. */
    readonly line: number;
    readonly column: number;
}

/**
 * The first key that stands twice in an object: `JSON.parse` takes the last of its values, and says nothing (RFC 8259, 4,
 * leaves it open).
 *
 * @param text that `JSON.parse` accepts
 */
export function repeatedKey(text: string): RepeatedKey | undefined {
    const objects: Set<string>[] = [];
    let found: RepeatedKey | undefined;
    visit(text, {
        onObjectBegin: () => void objects.push(new Set()),
        onObjectEnd: () => void objects.pop(),
        onObjectProperty: (key, _offset, _length, line, column) => {
            const keys = objects[objects.length - 1];
            if (keys.has(key)) {
                found ??= { key, line: line + 1, column: column + 1 };
            }
            keys.add(key);
        },
    });
    return found;
}
