import * as assert from "assert";
import { readdirSync, readFileSync } from "fs";
import * as path from "path";
import * as ts from "typescript";
import { deviceKinds } from "../../../../stacks/deviceKinds/deviceKinds";
import { provisioningWays } from "../../../../stacks/deviceProvisioning";
import { devices } from "../../../../stacks/config/schema/devices";

const root = path.join(__dirname, "../../../..");

function sources(folder: string): string[] {
    return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
        const name = path.join(folder, entry.name);
        return entry.isDirectory() ? sources(name) : name.endsWith(".ts") ? [name] : [];
    });
}

/** `file:line` of every comparison with one of the texts, and of every `case` of one. */
function comparisons(file: string, texts: ReadonlySet<string>): string[] {
    const content = readFileSync(path.join(root, file), "utf8");
    if (![...texts].some((text) => content.includes(text))) {
        return [];
    }
    const source = ts.createSourceFile(file, content, ts.ScriptTarget.ES2020, true);
    const found: string[] = [];
    const isNamed = (node: ts.Node): boolean => ts.isStringLiteral(node) && texts.has(node.text);
    const visit = (node: ts.Node): void => {
        const isComparison =
            ts.isBinaryExpression(node) &&
            [
                ts.SyntaxKind.EqualsEqualsEqualsToken,
                ts.SyntaxKind.ExclamationEqualsEqualsToken,
            ].includes(node.operatorToken.kind) &&
            [node.left, node.right].some(isNamed);
        const isCase = ts.isCaseClause(node) && isNamed(node.expression);
        // { dps: …, listed: … } chooses as well.
        const isTable =
            ts.isObjectLiteralExpression(node) &&
            node.properties.filter(
                ({ name }) => name !== undefined && ts.isIdentifier(name) && texts.has(name.text),
            ).length > 1;
        if (isComparison || isCase || isTable) {
            const { line } = source.getLineAndCharacterOfPosition(node.getStart());
            found.push(`${file}:${line + 1}`);
        }
        ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
}

describe("kinds of device authentication", () => {
    it("are one file each, and all in the table", () => {
        const files = readdirSync(path.join(root, "stacks/deviceKinds"))
            .map((name) => path.basename(name, ".ts"))
            .filter((name) => name !== "deviceKind" && name !== "deviceKinds");
        assert.deepStrictEqual(deviceKinds.map(({ kind }) => kind).sort(), files.sort());
    });

    it("are told apart nowhere else in the program and its commands", () => {
        const kinds = new Set<string>(deviceKinds.map(({ kind }) => kind));
        const elsewhere = ["stacks", "cli"]
            .flatMap(sources)
            .filter((file) => !file.startsWith(path.join("stacks", "deviceKinds")));
        assert.deepStrictEqual(
            elsewhere.flatMap((file) => comparisons(file, kinds)),
            [],
        );
    });

    it("have their settings in the schema", () => {
        const documented = devices.settings.map(({ name }) => name);
        const own = deviceKinds.flatMap(({ keys }) => Object.keys(keys));
        assert.deepStrictEqual(
            own.filter((key) => !documented.includes(key)),
            [],
        );
    });

    it("share no setting, and those of one auth agree on whether a CA signs", () => {
        const own = deviceKinds.flatMap(({ keys }) => Object.keys(keys));
        assert.strictEqual(new Set(own).size, own.length);
        for (const kind of deviceKinds) {
            const same = deviceKinds.filter(({ auth }) => auth === kind.auth);
            const signed = new Set(same.map(({ certificate }) => certificate !== undefined));
            assert.strictEqual(signed.size, 1, `auth: ${kind.auth}`);
        }
    });
});

describe("ways of provisioning", () => {
    it("are told apart in stacks/deviceProvisioning.ts alone", () => {
        const ways = new Set<string>(provisioningWays);
        const elsewhere = ["stacks", "cli"]
            .flatMap(sources)
            .filter((file) => file !== path.join("stacks", "deviceProvisioning.ts"));
        assert.deepStrictEqual(
            elsewhere.flatMap((file) => comparisons(file, ways)),
            [],
        );
    });
});
