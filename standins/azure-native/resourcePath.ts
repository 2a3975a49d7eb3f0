import { PathParameter } from "./resourceTypes";
import { Values } from "../frame/values";

/**
 * The ARM path of a resource.
 *
 * @throws when a path parameter is missing or is not a string
 */
export function resourceId(
    template: string,
    parameters: readonly PathParameter[],
    inputs: Values,
    subscriptionId: string,
): string {
    return parameters.reduce(
        (id, { name, isScope }) => {
            const value = inputs[name];
            if (typeof value !== "string") {
                throw new Error(
                    `expected string value for path parameter '${name}', got ${typeof value}`,
                );
            }
            // A scope is itself a resource ID: its inner slashes stay, the outer ones are removed.
            const part = isScope ? value.replace(/^\/+|\/+$/g, "") : encodeURIComponent(value);
            return id.replace(`{${name}}`, () => part);
        },
        template.replace("{subscriptionId}", encodeURIComponent(subscriptionId)),
    );
}

/**
 * Extracts the path parameters from a resource ID. ARM IDs are case-insensitive.
 *
 * @throws when the ID does not belong to this type of resource
 */
export function parseResourceId(
    template: string,
    parameters: readonly PathParameter[],
    id: string,
): Values {
    const names: string[] = [];
    const pattern = template
        .split(/(\{\w+\})/)
        .map((part) => {
            const name = /^\{(\w+)\}$/.exec(part)?.[1];
            if (name === undefined) {
                return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
            }
            names.push(name);
            return parameters.some((each) => each.name === name && each.isScope)
                ? "(.+)"
                : "([^/]+)";
        })
        .join("");
    const match = new RegExp(`^${pattern}/?$`, "i").exec(id);
    if (match === null) {
        throw new Error(`unable to parse resource ID '${id}': it does not look like ${template}`);
    }
    const found = new Map(names.map((name, index) => [name, match[index + 1]]));
    return Object.fromEntries(
        parameters.map(({ name, isScope }) => {
            const value = found.get(name) ?? "";
            return [name, isScope ? `/${value}` : decodeURIComponent(value)];
        }),
    );
}
