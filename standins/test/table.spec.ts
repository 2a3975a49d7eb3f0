import { strict as assert } from "assert";
import { readFileSync } from "fs";
import { dirname, join } from "path";
import { functionTypes, resourceTypes } from "../azure-native/resourceTypes";

/** The official Node.js package says which inputs and outputs a type has, and its API version. */
const official = dirname(require.resolve("@pulumi/azure-native/package.json"));

function source(token: string, extension: string): string {
    const [, module, name] = token.split(":");
    const file = `${name[0].toLowerCase()}${name.slice(1)}${extension}`;
    return readFileSync(join(official, module, file), "utf8");
}

function apiVersion(token: string): string | undefined {
    return /Uses Azure REST API version (\S+?)\.(\s|$)/.exec(source(token, ".d.ts"))?.[1];
}

describe("azure-native stand-in: its table against the official package", () => {
    for (const [token, type] of Object.entries(resourceTypes)) {
        it(`${token} has the same inputs, outputs and API version`, () => {
            const code = source(token, ".js");
            const names = (pattern: RegExp): string[] => [
                ...new Set([...code.matchAll(pattern)].map((match) => match[1])),
            ];
            const inputs = names(/resourceInputs\["(\w+)"\] = (?!undefined \/\*out\*\/)/g);
            const properties = [
                ...source(token, ".d.ts").matchAll(/readonly (\w+): pulumi\.Output</g),
            ];
            const outputs = properties
                .map((match) => match[1])
                .filter((name) => name !== "azureApiVersion");
            const body = Object.entries(type.body);
            const ours = [
                ...type.path.map(({ name }) => name),
                ...body.filter(([, { readOnly }]) => readOnly !== true).map(([name]) => name),
            ];
            assert.deepEqual(ours.sort(), inputs.sort());
            assert.deepEqual(body.map(([name]) => name).sort(), outputs.sort());
            assert.equal(type.apiVersion, apiVersion(token));
        });

        it(`${token} reports missing properties that the official package requires`, () => {
            const required = [
                ...source(token, ".js").matchAll(/Missing required property '(\w+)'/g),
            ].map((match) => match[1]);
            const ours = [
                ...type.path.filter(({ autonaming }) => autonaming === undefined),
                ...Object.entries(type.body)
                    .filter(([name, { required }]) => required === true && name !== "location")
                    .map(([name]) => ({ name })),
            ].map(({ name }) => name);
            assert.deepEqual(ours.sort(), required.sort());
        });
    }

    for (const [token, type] of Object.entries(functionTypes)) {
        it(`${token} takes the same arguments at the same API version`, () => {
            const code = source(token, ".js");
            const args = [...code.matchAll(/"(\w+)": args\.\1/g)].map((match) => match[1]);
            assert.deepEqual(type.path.map(({ name }) => name).sort(), [...new Set(args)].sort());
            assert.equal(type.apiVersion, apiVersion(token));
        });
    }
});
