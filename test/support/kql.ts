/*
 * KQL as Microsoft's own parser reads it, and what a query returns at a given time. The evaluation goes by the parser's
 * syntax tree, and knows only the few operators and functions that it names; anything else is an error.
 */
// C# compiled to scripts that define globals.
import "@kusto/language-service-next/bridge.min.js";
import "@kusto/language-service-next/Kusto.Language.Bridge.min.js";

/** A node or a token of the syntax tree (Kusto.Language.Syntax). */
interface Syntax {
    readonly constructor: { readonly $$name: string };
    readonly ChildCount: number;
    GetChild(index: number): Syntax | null;
    /** Of a token. */
    readonly Text?: string;
}

interface Listed<T> {
    readonly Count: number;
    getItem(index: number): T;
}

interface KustoCode {
    readonly Syntax: Syntax;
    readonly ResultType?: {
        readonly Columns: Listed<{ readonly Name: string; readonly Type: { Name: string } }>;
    };
    GetDiagnostics(): Listed<{ readonly Message: string; readonly Start: number }>;
}

interface KustoLanguage {
    readonly KustoCode: { ParseAndAnalyze(text: string): KustoCode };
}

/** What the parser says about a query. */
export interface Parsed {
    /** Errors and warnings, each with its position. */
    readonly problems: readonly string[];
    /** `name:type` */
    readonly columns: readonly string[];
}

type Value = string | number | boolean | Date;
export type Row = Readonly<Record<string, Value>>;

function language(): KustoLanguage {
    return (globalThis as unknown as { Kusto: { Language: KustoLanguage } }).Kusto.Language;
}

let last: { readonly query: string; readonly code: KustoCode }[] = [];

/** The last ones are kept: a test asks for the same query at many times. */
function analyzed(query: string): KustoCode {
    const kept = last.find((one) => one.query === query);
    if (kept !== undefined) {
        return kept.code;
    }
    const code = language().KustoCode.ParseAndAnalyze(query);
    last = [{ query, code }, ...last.slice(0, 9)];
    return code;
}

export function parse(query: string): Parsed {
    const code = analyzed(query);
    const columns = code.ResultType === undefined ? [] : all(code.ResultType.Columns);
    return {
        problems: all(code.GetDiagnostics()).map(({ Message, Start }) => `${Start}: ${Message}`),
        columns: columns.map(({ Name, Type }) => `${Name}:${Type.Name}`),
    };
}

/** The rows that a query returns at a time. @throws Error if the parser finds a problem, or a part is not known here */
export function alerting(query: string, now: Date): Row[] {
    const code = analyzed(query);
    const [problem] = all(code.GetDiagnostics());
    if (problem !== undefined) {
        throw new Error(`${problem.Start}: ${problem.Message}`);
    }
    const statement = only(descend(code.Syntax, "ExpressionStatement"));
    return table(children(statement)[0], now);
}

function table(node: Syntax, now: Date): Row[] {
    switch (kind(node)) {
        case "DataTableExpression":
            return datatable(node);
        case "PipeExpression": {
            const [input, , step] = children(node);
            return operator(step, table(input, now), now);
        }
        default:
            throw new Error(`no evaluation of ${kind(node)}`);
    }
}

const tables = new WeakMap<Syntax, Row[]>();

function datatable(node: Syntax): Row[] {
    const kept = tables.get(node);
    if (kept !== undefined) {
        return kept;
    }
    const names = descend(node, "NameAndTypeDeclaration").map((one) => text(children(one)[0]));
    const values = descend(node, "LiteralExpression").map((one) => literal(text(one)));
    const rows: Row[] = [];
    for (let at = 0; at < values.length; at += names.length) {
        rows.push(Object.fromEntries(names.map((name, index) => [name, values[at + index]])));
    }
    tables.set(node, rows);
    return rows;
}

function operator(step: Syntax, rows: readonly Row[], now: Date): Row[] {
    switch (kind(step)) {
        case "FilterOperator": {
            const condition = children(step).slice(-1)[0];
            return rows.filter((row) => value(condition, row, now) === true);
        }
        case "ExtendOperator":
            return rows.map((row) => ({ ...row, ...named(step, row, now) }));
        case "ProjectOperator":
            return rows.map((row) => named(step, row, now));
        default:
            throw new Error(`no evaluation of ${kind(step)}`);
    }
}

/** The columns of `extend` and `project`. */
function named(step: Syntax, row: Row, now: Date): Row {
    const [, list] = children(step);
    return Object.fromEntries(
        children(list).map((element) => {
            const [expression] = children(element);
            if (kind(expression) === "NameReference") {
                return [text(expression), value(expression, row, now)];
            }
            const [name, , of] = children(expression);
            return [text(name), value(of, row, now)];
        }),
    );
}

function value(node: Syntax, row: Row, now: Date): Value {
    switch (kind(node)) {
        case "LiteralExpression":
            return literal(text(node));
        case "NameReference":
            return known(row[text(node)], text(node));
        case "ParenthesizedExpression":
            return value(children(node)[1], row, now);
        case "BinaryExpression": {
            const [left, sign, right] = children(node);
            return calculated(text(sign), value(left, row, now), value(right, row, now));
        }
        case "FunctionCallExpression": {
            const [name, list] = children(node);
            const [, elements] = children(list);
            const given = children(elements).map((one) => value(children(one)[0], row, now));
            return called(text(name), given, now);
        }
        default:
            throw new Error(`no evaluation of ${kind(node)}`);
    }
}

function calculated(sign: string, left: Value, right: Value): Value {
    switch (sign) {
        case "and":
            return left === true && right === true;
        case ">=":
            return left >= right;
        case "<":
            return left < right;
        case "-":
            return Number(left) - Number(right);
        case "*":
            return Number(left) * Number(right);
        case "+":
            return left instanceof Date
                ? new Date(left.getTime() + Number(right))
                : Number(left) + Number(right);
        default:
            throw new Error(`no evaluation of ${sign}`);
    }
}

const day = 24 * 3600 * 1000;

/** Kusto docs: datetime_diff counts the boundaries between two times; format_datetime, startofday and now are in UTC. */
function called(name: string, given: readonly Value[], now: Date): Value {
    const date = (index: number) => given[index] as Date;
    switch (`${name} ${given.filter((one) => typeof one === "string").join(" ")}`) {
        case "now ":
            return now;
        case "startofday ":
            return new Date(`${date(0).toISOString().slice(0, 10)}T00:00:00Z`);
        case "datetime_diff day":
            return Math.floor(date(1).getTime() / day) - Math.floor(date(2).getTime() / day);
        case "format_datetime yyyy-MM-dd":
            return date(0).toISOString().slice(0, 10);
        default:
            throw new Error(`no evaluation of ${name}(${given.join(", ")})`);
    }
}

function literal(written: string): Value {
    const [, date] = /^datetime\((\d{4}-\d\d-\d\d)\)$/.exec(written) ?? [];
    if (date !== undefined) {
        return new Date(`${date}T00:00:00Z`);
    }
    if (/^'.*'$/s.test(written)) {
        return written.slice(1, -1).replace(/\\(.)/g, "$1");
    }
    if (/^\d+d$/.test(written)) {
        return Number(written.slice(0, -1)) * day;
    }
    if (/^\d+$/.test(written)) {
        return Number(written);
    }
    throw new Error(`no evaluation of ${written}`);
}

function all<T>(list: Listed<T>): T[] {
    return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

function children(node: Syntax): Syntax[] {
    return Array.from({ length: node.ChildCount }, (_, index) => node.GetChild(index)).filter(
        (one) => one !== null,
    );
}

/** E.g. `BinaryExpression`; of a list, `SyntaxList`. */
function kind({ constructor }: Syntax): string {
    return /^Kusto\.Language\.Syntax\.(\w+)/.exec(constructor.$$name)?.[1] ?? "";
}

/** All nodes of a kind below a node. */
function descend(node: Syntax, wanted: string): Syntax[] {
    return children(node).flatMap((one) => (kind(one) === wanted ? [one] : descend(one, wanted)));
}

/** The tokens of a node without the space between them. */
function text(node: Syntax): string {
    return node.ChildCount === 0 ? (node.Text ?? "") : children(node).map(text).join("");
}

function only<T>(list: readonly T[]): T {
    if (list.length !== 1) {
        throw new Error(`${list.length} statements instead of one`);
    }
    return list[0];
}

function known<T>(given: T | undefined, name: string): T {
    if (given === undefined) {
        throw new Error(`no column ${name}`);
    }
    return given;
}
