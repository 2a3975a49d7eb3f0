/** A path into a device's twin, e.g. `tags.location.region`. */
export type Path = readonly string[];

export type Literal = string | number | boolean | null;

export type Comparison = "=" | "!=" | "<" | ">" | "<=" | ">=";

export type Expression =
    | { readonly kind: "literal"; readonly value: Literal }
    | { readonly kind: "path"; readonly path: Path }
    | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
    | { readonly kind: "not"; readonly operand: Expression }
    | {
          readonly kind: "compare";
          readonly operator: Comparison;
          readonly left: Expression;
          readonly right: Expression;
      }
    | {
          readonly kind: "in";
          readonly operand: Expression;
          readonly values: readonly Literal[];
          readonly negated: boolean;
      }
    | { readonly kind: "isDefined"; readonly path: Path }
    | { readonly kind: "startsWith"; readonly text: Expression; readonly prefix: Expression };

export type Aggregate = "COUNT" | "SUM" | "AVG" | "MIN" | "MAX";

export interface Column {
    /** Name in the result. */
    readonly name: string;
    /** Undefined for `COUNT()`. */
    readonly path?: Path;
    readonly aggregate?: Aggregate;
}

export interface Query {
    /** Undefined for `*`. */
    readonly columns?: readonly Column[];
    readonly top?: number;
    readonly where?: Expression;
    readonly groupBy: readonly Path[];
}

/** A syntax error and its position. */
export class QuerySyntaxError extends Error {
    constructor(
        message: string,
        /** Offset in the query's text, from 0. */
        readonly position: number,
    ) {
        super(message);
    }
}

/** A collection or clause of the language that is valid in Azure but not emulated. */
export class QueryNotEmulated extends Error {}

interface Token {
    readonly kind: "word" | "name" | "text" | "number" | "symbol" | "end";
    readonly text: string;
    readonly position: number;
}

const aggregates: readonly string[] = ["COUNT", "SUM", "AVG", "MIN", "MAX"];

/**
 * Parses the emulated subset of IoT Hub's query language (Azure docs: iot-hub-devguide-query-language).
 *
 * @throws QuerySyntaxError, QueryNotEmulated
 */
export function parseQuery(text: string): Query {
    return new Parser(tokens(text)).query();
}

const tokenRule =
    /\s*(?:(\[\[[^\]]+\]\])|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_$][\w$]*)|(!=|<>|<=|>=|[=<>()[\],.*]))/y;

function tokens(text: string): Token[] {
    const found: Token[] = [];
    tokenRule.lastIndex = 0;
    while (text.slice(tokenRule.lastIndex).trim() !== "") {
        const from = tokenRule.lastIndex;
        const match = tokenRule.exec(text);
        if (match === null) {
            const rest = text.slice(from);
            const position = from + rest.length - rest.trimStart().length;
            throw new QuerySyntaxError(`unexpected '${text[position]}'`, position);
        }
        const [, name, quoted, number, word, symbol] = match;
        const raw = name ?? quoted ?? number ?? word ?? symbol;
        const position = tokenRule.lastIndex - raw.length;
        if (name !== undefined) {
            found.push({ kind: "name", text: name.slice(2, -2), position });
        } else if (quoted !== undefined) {
            const content = quoted.slice(1, -1).replace(/\\(.)/g, "$1");
            found.push({ kind: "text", text: content, position });
        } else if (number !== undefined) {
            found.push({ kind: "number", text: number, position });
        } else {
            found.push({ kind: word === undefined ? "symbol" : "word", text: raw, position });
        }
    }
    found.push({ kind: "end", text: "the end", position: text.length });
    return found;
}

class Parser {
    private at = 0;

    constructor(private readonly list: readonly Token[]) {}

    query(): Query {
        this.keyword("SELECT");
        const top = this.skipWord("TOP") ? this.count() : undefined;
        const columns = this.skipSymbol("*") ? undefined : this.columns();
        this.keyword("FROM");
        this.source();
        const where = this.skipWord("WHERE") ? this.or() : undefined;
        const groupBy = this.grouping(columns);
        if (this.isWord("ORDER") || this.isWord("JOIN")) {
            throw new QueryNotEmulated(`${this.next.text.toUpperCase()} in queries`);
        }
        if (this.next.kind !== "end") {
            this.unexpected();
        }
        return { columns, top, where, groupBy };
    }

    private columns(): Column[] {
        const columns = [this.column(1)];
        while (this.skipSymbol(",")) {
            columns.push(this.column(columns.length + 1));
        }
        return columns;
    }

    private column(ordinal: number): Column {
        const following = this.list[this.at + 1];
        const isCall = this.next.kind === "word" && following.text === "(";
        if (!isCall) {
            const path = this.path();
            return { name: this.alias() ?? path[path.length - 1], path };
        }
        const aggregate = this.next.text.toUpperCase();
        if (!aggregates.includes(aggregate)) {
            this.unexpected();
        }
        this.at += 2;
        const path = this.isSymbol(")") && aggregate === "COUNT" ? undefined : this.path();
        this.symbol(")");
        return {
            name: this.alias() ?? `$${ordinal}`,
            path,
            aggregate: aggregate as Aggregate,
        };
    }

    private alias(): string | undefined {
        return this.skipWord("AS") ? this.identifier() : undefined;
    }

    private source(): void {
        this.keyword("DEVICES");
        if (this.skipSymbol(".")) {
            throw new QueryNotEmulated(`queries over devices.${this.identifier()}`);
        }
    }

    private grouping(columns: readonly Column[] | undefined): Path[] {
        const groupBy: Path[] = [];
        const position = this.next.position;
        if (this.skipWord("GROUP")) {
            this.keyword("BY");
            do {
                groupBy.push(this.path());
            } while (this.skipSymbol(","));
        }
        const isAggregate = columns?.some((one) => one.aggregate !== undefined) ?? false;
        const keys = groupBy.map((path) => path.join("."));
        const ungrouped = (columns ?? []).find(
            (one) => one.aggregate === undefined && !keys.includes((one.path ?? []).join(".")),
        );
        if ((isAggregate && ungrouped !== undefined) || (groupBy.length > 0 && !isAggregate)) {
            throw new QuerySyntaxError(
                "columns must be aggregates or be named in GROUP BY",
                position,
            );
        }
        return groupBy;
    }

    private or(): Expression {
        let left = this.and();
        while (this.skipWord("OR")) {
            left = { kind: "or", left, right: this.and() };
        }
        return left;
    }

    private and(): Expression {
        let left = this.not();
        while (this.skipWord("AND")) {
            left = { kind: "and", left, right: this.not() };
        }
        return left;
    }

    private not(): Expression {
        return this.skipWord("NOT") ? { kind: "not", operand: this.not() } : this.comparison();
    }

    private comparison(): Expression {
        const left = this.operand();
        if (this.isWord("IN") || this.isWord("NIN")) {
            const negated = this.isWord("NIN");
            this.at += 1;
            return { kind: "in", operand: left, values: this.values(), negated };
        }
        const operator = this.next.kind === "symbol" ? this.next.text : "";
        if (!["=", "!=", "<>", "<", ">", "<=", ">="].includes(operator)) {
            return left;
        }
        this.at += 1;
        return {
            kind: "compare",
            operator: (operator === "<>" ? "!=" : operator) as Comparison,
            left,
            right: this.operand(),
        };
    }

    private values(): Literal[] {
        this.symbol("[");
        const values = [this.literal()];
        while (this.skipSymbol(",")) {
            values.push(this.literal());
        }
        this.symbol("]");
        return values;
    }

    private operand(): Expression {
        if (this.skipSymbol("(")) {
            const inner = this.or();
            this.symbol(")");
            return inner;
        }
        const following = this.list[this.at + 1];
        if (this.next.kind === "word" && following.text === "(") {
            return this.call();
        }
        if (this.isLiteral()) {
            return { kind: "literal", value: this.literal() };
        }
        return { kind: "path", path: this.path() };
    }

    private call(): Expression {
        const name = this.next.text.toUpperCase();
        if (name !== "IS_DEFINED" && name !== "STARTSWITH") {
            this.unexpected();
        }
        this.at += 2;
        if (name === "IS_DEFINED") {
            const path = this.path();
            this.symbol(")");
            return { kind: "isDefined", path };
        }
        const text = this.operand();
        this.symbol(",");
        const prefix = this.operand();
        this.symbol(")");
        return { kind: "startsWith", text, prefix };
    }

    private isLiteral(): boolean {
        return (
            this.next.kind === "text" ||
            this.next.kind === "number" ||
            ["TRUE", "FALSE", "NULL"].some((word) => this.isWord(word))
        );
    }

    private literal(): Literal {
        if (!this.isLiteral()) {
            this.unexpected();
        }
        const { kind, text } = this.next;
        this.at += 1;
        if (kind === "word") {
            return text.toUpperCase() === "NULL" ? null : text.toUpperCase() === "TRUE";
        }
        return kind === "number" ? Number(text) : text;
    }

    private path(): Path {
        const path = [this.identifier()];
        while (this.skipSymbol(".")) {
            path.push(this.identifier());
        }
        return path;
    }

    private identifier(): string {
        const { kind, text } = this.next;
        if (kind !== "word" && kind !== "name") {
            this.unexpected();
        }
        this.at += 1;
        return text;
    }

    private count(): number {
        const { kind, text } = this.next;
        if (kind !== "number" || !/^[1-9]\d*$/.test(text)) {
            this.unexpected();
        }
        this.at += 1;
        return Number(text);
    }

    private get next(): Token {
        return this.list[this.at];
    }

    private isWord(word: string): boolean {
        return this.next.kind === "word" && this.next.text.toUpperCase() === word;
    }

    private isSymbol(symbol: string): boolean {
        return this.next.kind === "symbol" && this.next.text === symbol;
    }

    private skipWord(word: string): boolean {
        const found = this.isWord(word);
        this.at += found ? 1 : 0;
        return found;
    }

    private skipSymbol(symbol: string): boolean {
        const found = this.isSymbol(symbol);
        this.at += found ? 1 : 0;
        return found;
    }

    private keyword(word: string): void {
        if (!this.skipWord(word)) {
            this.unexpected(word);
        }
    }

    private symbol(symbol: string): void {
        if (!this.skipSymbol(symbol)) {
            this.unexpected(symbol);
        }
    }

    private unexpected(wanted?: string): never {
        const { text, position } = this.next;
        const instead = wanted === undefined ? "" : ` instead of '${wanted}'`;
        throw new QuerySyntaxError(`unexpected '${text}'${instead}`, position);
    }
}
