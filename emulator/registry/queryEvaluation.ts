import { Column, Comparison, Expression, Path, Query } from "./querySyntax";
import { isObject, JsonObject } from "./twinRules";

/** Whether a twin meets the condition. A missing property is neither equal nor unequal to anything. */
export function isMatch(twin: JsonObject, where: Expression | undefined): boolean {
    return where === undefined || evaluate(twin, where) === true;
}

/** One row of a query without aggregates: the twin itself for `*`, otherwise the columns that exist in it. */
export function project(twin: JsonObject, columns: readonly Column[] | undefined): JsonObject {
    if (columns === undefined) {
        return twin;
    }
    const row: JsonObject = {};
    for (const { name, path } of columns) {
        const value = valueAt(twin, path ?? []);
        if (value !== undefined) {
            row[name] = value;
        }
    }
    return row;
}

/** The rows of a query with aggregates, one for each group. */
export function aggregate(twins: Iterable<JsonObject>, query: Query): JsonObject[] {
    const groups = new Map<string, JsonObject[]>();
    if (query.groupBy.length === 0) {
        groups.set("[]", []);
    }
    for (const twin of twins) {
        const key = JSON.stringify(query.groupBy.map((path) => valueAt(twin, path) ?? null));
        const members = groups.get(key);
        if (members === undefined) {
            groups.set(key, [twin]);
        } else {
            members.push(twin);
        }
    }
    return [...groups.values()].map((members) => groupRow(members, query.columns ?? []));
}

function groupRow(members: readonly JsonObject[], columns: readonly Column[]): JsonObject {
    const row: JsonObject = {};
    for (const column of columns) {
        const value =
            column.aggregate === undefined
                ? valueAt(members[0], column.path ?? [])
                : aggregateValue(members, column);
        if (value !== undefined) {
            row[column.name] = value;
        }
    }
    return row;
}

function aggregateValue(members: readonly JsonObject[], column: Column): number | undefined {
    const { path } = column;
    if (path === undefined) {
        return members.length;
    }
    const values = members.map((twin) => valueAt(twin, path)).filter((one) => one !== undefined);
    if (column.aggregate === "COUNT") {
        return values.length;
    }
    const numbers = values.filter((one): one is number => typeof one === "number");
    if (numbers.length === 0) {
        return undefined;
    }
    const sum = numbers.reduce((left, right) => left + right, 0);
    switch (column.aggregate) {
        case "SUM":
            return sum;
        case "AVG":
            return sum / numbers.length;
        case "MIN":
            return numbers.reduce((left, right) => Math.min(left, right));
        default:
            return numbers.reduce((left, right) => Math.max(left, right));
    }
}

function valueAt(twin: unknown, path: Path): unknown {
    let value: unknown = twin;
    for (const name of path) {
        if (!isObject(value) || !Object.prototype.hasOwnProperty.call(value, name)) {
            return undefined;
        }
        value = value[name];
    }
    return value;
}

/** Three-valued logic: a comparison with a missing property is undefined. */
function evaluate(twin: JsonObject, expression: Expression): unknown {
    switch (expression.kind) {
        case "literal":
            return expression.value;
        case "path":
            return valueAt(twin, expression.path);
        case "isDefined":
            return valueAt(twin, expression.path) !== undefined;
        case "not": {
            const operand = evaluate(twin, expression.operand);
            return typeof operand === "boolean" ? !operand : undefined;
        }
        case "and":
        case "or": {
            const decisive = expression.kind === "or";
            const left = evaluate(twin, expression.left);
            if (left === decisive) {
                return decisive;
            }
            const right = evaluate(twin, expression.right);
            if (right === decisive) {
                return decisive;
            }
            return left === !decisive && right === !decisive ? !decisive : undefined;
        }
        case "compare":
            return compare(
                evaluate(twin, expression.left),
                expression.operator,
                evaluate(twin, expression.right),
            );
        case "in": {
            const operand = evaluate(twin, expression.operand);
            if (operand === undefined) {
                return undefined;
            }
            const values: readonly unknown[] = expression.values;
            return values.includes(operand) !== expression.negated;
        }
        case "startsWith": {
            const text = evaluate(twin, expression.text);
            const prefix = evaluate(twin, expression.prefix);
            return typeof text === "string" && typeof prefix === "string"
                ? text.startsWith(prefix)
                : undefined;
        }
    }
}

function compare(left: unknown, operator: Comparison, right: unknown): boolean | undefined {
    if (left === undefined || right === undefined) {
        return undefined;
    }
    if (operator === "=" || operator === "!=") {
        return (left === right) === (operator === "=");
    }
    const comparable =
        (typeof left === "number" && typeof right === "number") ||
        (typeof left === "string" && typeof right === "string");
    if (!comparable) {
        return undefined;
    }
    switch (operator) {
        case "<":
            return left < right;
        case ">":
            return left > right;
        case "<=":
            return left <= right;
        default:
            return left >= right;
    }
}
