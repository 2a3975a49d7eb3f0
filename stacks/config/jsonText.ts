import { Report } from "./report";

/** More levels than any setting or twin has; code that traverses a value later may recurse. */
const maxDepth = 64;
/** Faults reported per text; the next run reports the others. */
const maxFaults = 10;

/** Something that JSON.parse accepts silently although the value is not, or may not be, what was meant. */
interface Fault {
    readonly offset: number;
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

/**
 * The value of a JSON text. JSON.parse takes the last of duplicate keys, so a line that a reader sees may have no effect,
 * and it rounds numbers. Such places are reported; the value is what JSON.parse returns.
 *
 * @param at where the text is, for reports: a file, a setting, a cell
 * @param isFile whether the path includes the line
 * @param instead replacement for a value that is nested too deep
 * @throws SyntaxError if the text is not JSON
 */
export function readJson(
    text: string,
    at: string,
    isFile: boolean,
    instead: unknown,
    report: Report,
): unknown {
    const value: unknown = JSON.parse(text);
    const faults = faultsOf(text);
    for (const { offset, value: found, rule, remedy } of faults) {
        const lines = text.slice(0, offset).split("\n");
        const column = lines[lines.length - 1].length + 1;
        const place = `line ${lines.length}, column ${column}`;
        report.value(isFile ? `${at}:${lines.length}` : at, found, `${rule} (${place})`, remedy);
    }
    return faults.some(({ rule }) => rule === tooDeep) ? instead : value;
}

const tooDeep = `JSON must have at most ${maxDepth} levels`;

/** A mapping or list that is still open; a list has no keys. */
interface Level {
    readonly keys: Set<string> | undefined;
    isKeyNext: boolean;
}

/** @param text valid JSON */
function faultsOf(text: string): Fault[] {
    const faults: Fault[] = [];
    const levels: Level[] = [];
    const numbers = /-?\d[\d.eE+-]*/y;
    for (let offset = 0; offset < text.length && faults.length < maxFaults; offset++) {
        const level = levels.length === 0 ? undefined : levels[levels.length - 1];
        const character = text[offset];
        if (character === "{" || character === "[") {
            const keys = character === "{" ? new Set<string>() : undefined;
            levels.push({ keys, isKeyNext: keys !== undefined });
            if (levels.length > maxDepth) {
                return [{ offset, value: character, rule: tooDeep, remedy: "flatten it" }];
            }
        } else if (character === "}" || character === "]") {
            levels.pop();
        } else if (character === "," && level !== undefined) {
            level.isKeyNext = level.keys !== undefined;
        } else if (character === '"') {
            const end = endOfText(text, offset);
            const content = textOf(text.slice(offset, end + 1));
            const repeats = level?.isKeyNext === true && level.keys?.has(content) === true;
            if (level?.isKeyNext) {
                level.keys?.add(content);
                level.isKeyNext = false;
            }
            faults.push(...(repeats ? [twice(offset, content)] : textFaults(offset, content)));
            offset = end;
        } else if (/[-\d]/.test(character)) {
            numbers.lastIndex = offset;
            const written = numbers.exec(text)?.[0] ?? character;
            faults.push(...numberFaults(offset, written));
            offset += written.length - 1;
        }
    }
    return faults;
}

/** Position of the quote that ends the text. */
function endOfText(text: string, start: number): number {
    let at = start + 1;
    while (text[at] !== '"') {
        at += text[at] === "\\" ? 2 : 1;
    }
    return at;
}

function textOf(written: string): string {
    return written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
}

function twice(offset: number, key: string): Fault {
    return {
        offset,
        value: key,
        rule: "keys in a mapping must be unique; this one repeats",
        remedy: "delete one of the two",
    };
}

function textFaults(offset: number, text: string): Fault[] {
    return /\p{Cs}/u.test(text)
        ? [
              {
                  offset,
                  value: text,
                  rule: "text must not contain half a character (a lone surrogate)",
                  remedy: "write the character itself",
              },
          ]
        : [];
}

function numberFaults(offset: number, written: string): Fault[] {
    const number = Number(written);
    const isChanged =
        !Number.isFinite(number) || (/^-?\d+$/.test(written) && !Number.isSafeInteger(number));
    return isChanged
        ? [
              {
                  offset,
                  value: written,
                  rule: "must be a number of at most 15 digits, or it is rounded",
                  remedy: "write it in quotes, as text",
              },
          ]
        : [];
}
