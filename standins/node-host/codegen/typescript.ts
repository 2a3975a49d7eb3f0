import { Block, Expression } from "./pcl";

const reserved = new Set(
    (
        "await break case catch class config const continue debugger default delete do else enum export extends false finally " +
        "for function if implements import in instanceof interface let new null package private protected public pulumi " +
        "return static super switch this throw true try typeof var void while with yield"
    ).split(" "),
);

/**
 * Generates a program that declares the resources of a PCL definition. It does not contain secrets, but reads them from
 * the stack's configuration.
 *
 * @throws Error for unknown constructs; never generates code with a different meaning
 */
export function typescriptProgram(blocks: readonly Block[]): string {
    return new Writer(blocks).program();
}

class Writer {
    /** Variables by their PCL names. */
    private readonly variables = new Map<string, string>();
    private readonly packages = new Set<string>();
    /** Names of secrets in the stack's configuration. */
    private readonly secrets: string[] = [];
    private readonly declared: readonly Block[];

    constructor(blocks: readonly Block[]) {
        this.declared = blocks.filter(({ type }) => type !== "package");
        for (const { labels } of this.declared) {
            this.variables.set(labels[0], this.variableFor(labels[0]));
        }
    }

    program(): string {
        const declarations = this.declared.map((block) => this.declaration(block));
        const imports = ["pulumi", ...[...this.packages].sort()].map(
            (name) => `import * as ${moduleOf(name)} from "@pulumi/${name}";`,
        );
        const config =
            this.secrets.length === 0
                ? []
                : [
                      ...this.secrets.map(
                          (name) => `// A secret; set it with: pulumi config set --secret ${name}`,
                      ),
                      "const config = new pulumi.Config();",
                      "",
                  ];
        return [...imports, "", ...config, ...declarations, ""].join("\n");
    }

    private variableFor(name: string): string {
        const plain = name.replace(/[^\p{L}\p{N}_$]/gu, "_").replace(/^(?=\p{N})/u, "_");
        const legal = reserved.has(plain) ? `_${plain}` : plain;
        const taken = new Set(this.variables.values());
        let variable = legal;
        for (let count = 2; taken.has(variable); count++) {
            variable = `${legal}${count}`;
        }
        return variable;
    }

    private declaration({ type, labels, attributes, blocks }: Block): string {
        const [name, token] = labels;
        const variable = this.variables.get(name) ?? name;
        const properties = new Map(attributes);
        const logical = properties.get("__logicalName") ?? { kind: "literal", value: name };
        properties.delete("__logicalName");
        const options = blocks.find((block) => block.type === "options");
        const given = [this.value(logical, variable, "    ")];
        let constructed: string;
        if (type === "component") {
            constructed = "pulumi.ComponentResource";
            given.unshift(this.value(required(properties.get("token")), variable, ""));
            properties.delete("token");
        } else if (type === "resource") {
            constructed = this.className(token);
        } else {
            throw new Error(`a block "${type}" in the definition`);
        }
        if (properties.size > 0 || options !== undefined) {
            given.push(this.members([...properties], variable, ""));
        }
        if (options !== undefined) {
            given.push(this.members([...options.attributes], variable, ""));
        }
        return `const ${variable} = new ${constructed}(${given.join(", ")});`;
    }

    /** `azure-native:iothub:Certificate` becomes `azure_native.iothub.Certificate`; an index module is omitted. */
    private className(token: string): string {
        const [name, module, kind] = token.split(":");
        if (kind === undefined) {
            throw new Error(`a resource of type "${token}" in the definition`);
        }
        if (name === "pulumi" && module === "providers") {
            this.packages.add(kind);
            return `${moduleOf(kind)}.Provider`;
        }
        this.packages.add(name);
        const [folder] = module.split("/");
        return [moduleOf(name), ...(folder === "index" ? [] : [folder]), kind].join(".");
    }

    private members(
        entries: readonly (readonly [string, Expression])[],
        path: string,
        indent: string,
    ): string {
        const inner = `${indent}    `;
        const lines = entries.map(([key, value]) => {
            const named = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : JSON.stringify(key);
            return `${inner}${named}: ${this.value(value, `${path}-${key}`, inner)},\n`;
        });
        return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
    }

    private value(expression: Expression, path: string, indent: string): string {
        switch (expression.kind) {
            case "literal":
                return JSON.stringify(expression.value);
            case "object":
                return this.members(expression.entries, path, indent);
            case "list": {
                const items = expression.items.map((item, index) =>
                    this.value(item, `${path}-${index}`, `${indent}    `),
                );
                return items.length === 0
                    ? "[]"
                    : `[\n${items.map((item) => `${indent}    ${item},\n`).join("")}${indent}]`;
            }
            case "reference": {
                const [root, ...rest] = expression.path;
                return [this.variables.get(root) ?? root, ...rest].join(".");
            }
            case "call":
                if (expression.name !== "secret") {
                    throw new Error(`a call of ${expression.name} in the definition`);
                }
                this.secrets.push(path);
                return `config.requireSecret(${JSON.stringify(path)})`;
        }
    }
}

function moduleOf(name: string): string {
    return name.replace(/-/g, "_");
}

function required(expression: Expression | undefined): Expression {
    if (expression === undefined) {
        throw new Error("a component without a type in the definition");
    }
    return expression;
}
