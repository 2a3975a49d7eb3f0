/** A value of the Pulumi configuration language (PCL), as `pulumi import` writes it. */
export type Expression =
    | { readonly kind: "literal"; readonly value: string | number | boolean | null }
    | { readonly kind: "list"; readonly items: readonly Expression[] }
    | { readonly kind: "object"; readonly entries: readonly (readonly [string, Expression])[] }
    | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
    /** `name` or `name.attribute`. */
    | { readonly kind: "reference"; readonly path: readonly string[] };

/** `type label … { attributes, blocks }`. */
export interface Block {
    readonly type: string;
    readonly labels: readonly string[];
    readonly attributes: ReadonlyMap<string, Expression>;
    readonly blocks: readonly Block[];
}

const tokens =
    /\s*(?:(?<name>[\p{L}_][\p{L}\p{N}_-]*)|(?<text>"(?:[^"\\]|\\.)*")|(?<number>-?\d[\d.]*(?:[eE][+-]?\d+)?)|(?<mark>[{}[\]()=,.]))/uy;

type TokenKind = "name" | "text" | "number" | "mark" | "end";

interface Token {
    readonly kind: TokenKind;
    readonly text: string;
}

/**
 * Parses the part of PCL that the CLI's importer writes (pulumi `pkg/importer/hcl2.go`): blocks of attributes whose
 * values are literals, lists, objects, calls and references.
 *
 * @throws Error at the first other construct, such as a template with `${}` in it
 */
export function parsePcl(source: string): Block[] {
    const reader = new Reader(source);
    const blocks: Block[] = [];
    while (reader.next.kind !== "end") {
        blocks.push(block(reader, reader.take("name")));
    }
    return blocks;
}

class Reader {
    next: Token;
    private at = 0;

    constructor(private readonly source: string) {
        this.next = this.read();
    }

    /** Consumes the next token, which must be of this kind, and have this text if one is given. */
    take(kind: TokenKind, text?: string): string {
        const { next } = this;
        if (next.kind !== kind || (text !== undefined && next.text !== text)) {
            throw this.unexpected();
        }
        this.next = this.read();
        return next.text;
    }

    /** Consumes the next token if it is this mark, and returns whether it was. */
    passes(mark: string): boolean {
        const isNext = this.next.kind === "mark" && this.next.text === mark;
        if (isNext) {
            this.take("mark");
        }
        return isNext;
    }

    unexpected(): Error {
        return new Error(`unexpected ${this.next.text || "end"} in the definition`);
    }

    private read(): Token {
        tokens.lastIndex = this.at;
        const found = tokens.exec(this.source);
        if (found === null) {
            const rest = this.source.slice(this.at).trim();
            return rest === "" ? { kind: "end", text: "" } : { kind: "mark", text: rest[0] };
        }
        this.at = tokens.lastIndex;
        const [kind, text] = Object.entries(found.groups ?? {}).find(
            ([, value]) => value !== undefined,
        ) as [TokenKind, string];
        return { kind, text };
    }
}

/** Parses the rest of a block after its type. */
function block(reader: Reader, type: string): Block {
    const labels: string[] = [];
    while (!reader.passes("{")) {
        labels.push(reader.next.kind === "text" ? text(reader) : reader.take("name"));
    }
    const attributes = new Map<string, Expression>();
    const blocks: Block[] = [];
    while (!reader.passes("}")) {
        const name = reader.take("name");
        if (reader.passes("=")) {
            attributes.set(name, expression(reader));
        } else {
            blocks.push(block(reader, name));
        }
    }
    return { type, labels, attributes, blocks };
}

function expression(reader: Reader): Expression {
    const { kind } = reader.next;
    if (kind === "text") {
        return { kind: "literal", value: text(reader) };
    }
    if (kind === "number") {
        return { kind: "literal", value: Number(reader.take("number")) };
    }
    if (kind === "name") {
        return named(reader, reader.take("name"));
    }
    if (reader.passes("[")) {
        return { kind: "list", items: upTo(reader, "]", expression) };
    }
    if (reader.passes("{")) {
        return { kind: "object", entries: upTo(reader, "}", entry) };
    }
    throw reader.unexpected();
}

function entry(reader: Reader): readonly [string, Expression] {
    const key = reader.next.kind === "text" ? text(reader) : reader.take("name");
    reader.take("mark", "=");
    return [key, expression(reader)];
}

/** Parses items up to the closing mark; items of an object are on separate lines, without commas. */
function upTo<T>(reader: Reader, close: string, item: (reader: Reader) => T): T[] {
    const items: T[] = [];
    while (!reader.passes(close)) {
        items.push(item(reader));
        reader.passes(",");
    }
    return items;
}

function named(reader: Reader, name: string): Expression {
    if (name === "true" || name === "false") {
        return { kind: "literal", value: name === "true" };
    }
    if (name === "null") {
        return { kind: "literal", value: null };
    }
    if (reader.passes("(")) {
        return { kind: "call", name, args: upTo(reader, ")", expression) };
    }
    const path = [name];
    while (reader.passes(".")) {
        path.push(reader.take("name"));
    }
    return { kind: "reference", path };
}

/** HCL has no other escapes (HashiCorp "HCL Native Syntax Specification", quoted templates). */
function text(reader: Reader): string {
    const raw = reader.take("text").slice(1, -1);
    if (/(?<!\$)\$\{|(?<!%)%\{/.test(raw)) {
        throw new Error("a template in the definition");
    }
    const simple: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };
    return raw.replace(
        /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|([$%])\4\{/gs,
        (all, short?: string, long?: string, mark?: string, sign?: string) => {
            if (sign !== undefined) {
                return `${sign}{`;
            }
            if (mark === undefined) {
                return String.fromCodePoint(parseInt(short ?? long ?? "", 16));
            }
            if (!(mark in simple)) {
                throw new Error(`unexpected ${all} in the definition`);
            }
            return simple[mark];
        },
    );
}
