import { strict as assert } from "assert";
import { readFileSync } from "fs";
import { dirname, join } from "path";
import * as shapes from "../azure-native/deviceShapes";
import { answered, Property } from "../azure-native/shapes";

const official = dirname(require.resolve("@pulumi/azure-native/package.json"));

/** Kinds that the SDK does not tell apart. */
const sdkKinds: Readonly<Record<string, string>> = { integer: "number", stringSet: "array" };

type Interfaces = Map<string, Map<string, { type: string; optional: boolean }>>;

/** The interfaces of one module in the official package's `types/input.d.ts` or `output.d.ts`. */
function interfaces(file: string, module: string): Interfaces {
    const text = readFileSync(join(official, "types", file), "utf8");
    const start = text.indexOf(`export declare namespace ${module} {`);
    const block = text
        .slice(start, text.indexOf("\n}\n", start))
        .replace(/\/\*\*[\s\S]*?\*\//g, "")
        .replace(/\n\s*\n/g, "\n");
    const found: Interfaces = new Map();
    for (const [, name, body] of block.matchAll(/\n {4}interface (\w+) \{([\s\S]*?)\n {4}\}/g)) {
        const members = body.matchAll(/\n {8}(\w+)(\??): ([\s\S]*?);(?=\n {8}\w|\s*$)/g);
        found.set(
            name,
            new Map(
                [...members].map(([, key, optional, type]) => [
                    key,
                    { type, optional: optional === "?" },
                ]),
            ),
        );
    }
    return found;
}

/** Every member of a type, at any depth, is where and what the official package says. */
function compare(
    place: string,
    property: Property,
    typeName: string,
    known: Interfaces,
    side: "input" | "output",
): number {
    const members = known.get(typeName);
    assert.ok(members !== undefined, `${place}: no interface ${typeName}`);
    const fields = Object.entries(property.fields ?? {}).filter(
        ([, { readOnly }]) => side === "output" || readOnly !== true,
    );
    assert.deepEqual(fields.map(([name]) => name).sort(), [...members.keys()].sort(), place);
    let count = fields.length;
    for (const [name, declared] of fields) {
        const member = members.get(name) as { type: string; optional: boolean };
        if (side === "input") {
            assert.equal(declared.required !== true, member.optional, `${place}.${name} required`);
        }
        const shape = side === "output" ? answered(declared) : declared;
        const inner = shape.kind === "object" ? shape : shape.element;
        const reference = /(?:inputs|outputs)\.\w+\.(\w+)/.exec(member.type)?.[1];
        assert.equal(reference !== undefined, inner?.kind === "object", `${place}.${name} object`);
        assert.equal(kindOf(member.type), sdkKinds[shape.kind] ?? shape.kind, `${place}.${name}`);
        if (inner !== undefined && reference !== undefined) {
            count += compare(`${place}.${name}`, inner, reference, known, side);
        }
    }
    return count;
}

function kindOf(type: string): string {
    if (type.includes("[key: string]")) {
        return "map";
    }
    if (/\[\]/.test(type)) {
        return "array";
    }
    if (/(inputs|outputs)\./.test(type)) {
        return "object";
    }
    return /boolean/.exec(type)?.[0] ?? /number/.exec(type)?.[0] ?? "string";
}

describe("azure-native stand-in: nested types against the official package", () => {
    const cases: [string, string, Property, string][] = [
        ["iothub", "IotHubProperties", shapes.iotHub.properties, "hub"],
        ["iothub", "IotHubSkuInfo", shapes.iotHub.sku, "hub sku"],
        ["iothub", "ArmIdentity", shapes.iotHub.identity, "hub identity"],
        ["iothub", "CertificateProperties", shapes.hubCertificate.properties, "hub certificate"],
        [
            "deviceprovisioningservices",
            "IotDpsPropertiesDescription",
            shapes.provisioningService.properties,
            "provisioning service",
        ],
        ["deviceprovisioningservices", "IotDpsSkuInfo", shapes.provisioningService.sku, "sku"],
    ];
    for (const [module, name, property, title] of cases) {
        it(`${title}: inputs and outputs`, () => {
            const inputs = interfaces("input.d.ts", module);
            const outputs = interfaces("output.d.ts", module);
            assert.ok(compare(title, property, `${name}Args`, inputs, "input") > 1);
            assert.ok(compare(title, property, `${name}Response`, outputs, "output") > 1);
        });
    }
});
