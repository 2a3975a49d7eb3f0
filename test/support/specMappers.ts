import { readFileSync } from "fs";
import * as path from "path";
import { runInNewContext } from "vm";
import { ModuleKind, transpileModule } from "typescript";
import { Form } from "../../cli/live/redact";

/** A type as Azure's SDKs have it from azure-rest-api-specs, with `@azure/core-client`'s names. */
interface Mapper {
    readonly serializedName?: string;
    readonly required?: boolean;
    readonly type: {
        readonly name: string;
        readonly className?: string;
        readonly modelProperties?: Readonly<Record<string, Mapper>>;
        readonly element?: Mapper;
        readonly value?: Mapper;
    };
}

/** The models of an `@azure/arm-*` package, which were generated from the specification and are no part of its interface. */
export class SpecMappers {
    private readonly mappers: Readonly<Record<string, Mapper>>;

    constructor(sdk: string) {
        const folder = path.dirname(require.resolve(`${sdk}/package.json`));
        const source = readFileSync(path.join(folder, "dist-esm/src/models/mappers.js"), "utf8");
        const { outputText } = transpileModule(source, {
            compilerOptions: { module: ModuleKind.CommonJS },
        });
        const exports = {};
        runInNewContext(outputText, { exports });
        this.mappers = exports;
    }

    /** Fields of a recorded form that the type does not have or has in another form, and required ones that are not there. */
    problems(className: string, form: Form | undefined): string[] {
        const mapper = this.mappers[className];
        if (mapper === undefined) {
            throw new Error(`the SDK has no type ${className}`);
        }
        return this.compare(mapper, form, className);
    }

    private compare(mapper: Mapper, form: Form | undefined, at: string): string[] {
        const { name, className, element, value } = mapper.type;
        if (form === undefined || form === "null") {
            return [];
        }
        switch (name) {
            case "Composite":
                return typeof form === "string"
                    ? [`${at} is ${form}`]
                    : this.compareFields(this.mappers[className ?? ""] ?? mapper, form, at);
            case "Sequence":
                return typeof form === "object" && "[]" in form
                    ? form["[]"] === "none" || element === undefined
                        ? []
                        : this.compare(element, form["[]"], `${at}[]`)
                    : [`${at} is no list`];
            case "Dictionary":
                return typeof form === "string"
                    ? [`${at} is ${form}`]
                    : Object.values(form).flatMap((inner) =>
                          value === undefined ? [] : this.compare(value, inner, `${at}.*`),
                      );
            default:
                return isOf(name, form) ? [] : [`${at} is ${JSON.stringify(form)}, not ${name}`];
        }
    }

    private compareFields(mapper: Mapper, form: Exclude<Form, string>, at: string): string[] {
        const known = new Map<string, Mapper>();
        for (const field of Object.values(mapper.type.modelProperties ?? {})) {
            known.set((field.serializedName ?? "").replace(/\\\./g, "."), field);
        }
        const missing = [...known]
            .filter(([name, { required }]) => required && !(name in form))
            .map(([name]) => `${at}.${name} is missing`);
        const others = Object.entries(form).flatMap(([name, inner]) => {
            const field = known.get(name);
            return field === undefined
                ? [`${at}.${name} is unknown`]
                : this.compare(field, inner, `${at}.${name}`);
        });
        return [...missing, ...others];
    }
}

const javaScriptTypes: Readonly<Record<string, string>> = {
    String: "string",
    Enum: "string",
    DateTime: "string",
    DateTimeRfc1123: "string",
    ByteArray: "string",
    Uuid: "string",
    Boolean: "boolean",
    Number: "number",
};

function isOf(name: string, form: Form): boolean {
    const wanted = javaScriptTypes[name];
    return (
        wanted === undefined ||
        (typeof form === "string" &&
            form
                .split("|")
                .every(
                    (one) =>
                        one === wanted ||
                        one === "null" ||
                        (wanted === "string" && one.startsWith("=")),
                ))
    );
}
