import { Change } from "../frame/provider";
import { Fields, inputsOf, Property } from "./shapes";
import { ResourceType } from "./resourceTypes";
import { hasValue, isObject, sameValue, Value, Values } from "../frame/values";

export type Changes = Map<string, Change>;

/**
 * The differences between two sets of inputs, by the official provider's rules: path parameters and some body members
 * replace; locations are compared without case and spaces, resource groups without case; lists of keyed items are
 * compared by key.
 */
export function difference(type: ResourceType, old: Values, next: Values): Changes {
    const changes: Changes = new Map();
    const replacing = new Set([
        ...type.path.map(({ name }) => name),
        ...inputsOf(type.body)
            .filter(([, property]) => property.replaces === true)
            .map(([name]) => name),
    ]);
    for (const name of names(old, next)) {
        if (name.startsWith("__") || sameInAzure(name, old[name], next[name])) {
            continue;
        }
        collect(
            name,
            Object.prototype.hasOwnProperty.call(type.body, name) ? type.body[name] : undefined,
            replacing.has(name),
            old[name],
            next[name],
            changes,
        );
    }
    return changes;
}

const names = (old: Values, next: Values): string[] => [
    ...new Set([...Object.keys(old), ...Object.keys(next)]),
];

function sameInAzure(name: string, old: Value, next: Value): boolean {
    if (typeof old !== "string" || typeof next !== "string") {
        return false;
    }
    const normal = (value: string): string =>
        name === "location" ? value.replace(/ /g, "").toLowerCase() : value.toLowerCase();
    return (name === "location" || name === "resourceGroupName") && normal(old) === normal(next);
}

function collect(
    path: string,
    property: Property | undefined,
    replaces: boolean,
    old: Value,
    next: Value,
    changes: Changes,
): void {
    if (!hasValue(old) || !hasValue(next)) {
        if (hasValue(next)) {
            changes.set(path, { kind: "add", replaces });
        } else if (hasValue(old)) {
            changes.set(path, { kind: "delete", replaces });
        }
        return;
    }
    if (Array.isArray(old) && Array.isArray(next)) {
        collectItems(path, property, old, next, changes);
    } else if (isObject(old) && isObject(next)) {
        for (const name of names(old, next).filter((each) => !each.startsWith("__"))) {
            const member = property?.element ?? field(property?.fields, name);
            collect(`${path}.${name}`, member, replaces, old[name], next[name], changes);
        }
    } else if (!sameValue(old, next)) {
        changes.set(path, { kind: "update", replaces });
    }
}

const field = (fields: Fields | undefined, name: string): Property | undefined =>
    fields !== undefined && Object.prototype.hasOwnProperty.call(fields, name)
        ? fields[name]
        : undefined;

function collectItems(
    path: string,
    property: Property | undefined,
    old: readonly Value[],
    next: readonly Value[],
    changes: Changes,
): void {
    const key = property?.keyedBy;
    const identity = (item: Value, index: number): Value =>
        key !== undefined && isObject(item) ? item[key] : index;
    const oldByIdentity = new Map(old.map((item, index) => [identity(item, index), item]));
    next.forEach((item, index) => {
        const before = oldByIdentity.get(identity(item, index));
        collect(`${path}[${index}]`, property?.element, false, before, item, changes);
    });
    const kept = new Set(next.map(identity));
    old.forEach((item, index) => {
        if (!kept.has(identity(item, index))) {
            changes.set(`${path}[${index}]`, { kind: "delete", replaces: false });
        }
    });
}

/**
 * Carries changes on Azure's side between two reads over into the inputs. Azure fills in defaults that the program
 * never set, so only values that changed since the last read become inputs.
 */
export function mergeDrift(inputs: Values, before: Values, now: Values): Values {
    const merged: Values = { ...inputs };
    for (const name of names(before, now)) {
        if (sameValue(before[name], now[name])) {
            continue;
        }
        if (!hasValue(now[name])) {
            delete merged[name];
        } else if (!hasValue(before[name]) || !hasValue(inputs[name])) {
            merged[name] = now[name];
        } else {
            merged[name] = mergeValue(inputs[name], before[name], now[name]);
        }
    }
    return merged;
}

function mergeValue(input: Value, before: Value, now: Value): Value {
    if (isObject(input) && isObject(before) && isObject(now)) {
        return mergeDrift(input, before, now);
    }
    if (Array.isArray(input) && Array.isArray(before) && Array.isArray(now)) {
        return now.map((item, index) => {
            if (index >= input.length || index >= before.length) {
                return item;
            }
            return sameValue(before[index], item)
                ? input[index]
                : mergeValue(input[index], before[index], item);
        });
    }
    return now;
}
