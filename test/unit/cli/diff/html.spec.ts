import { strict as assert } from "assert";
import { readFileSync } from "fs";
import * as path from "path";
import { buildDiff } from "../../../../cli/diff/buildDiff";
import { FleetDiff } from "../../../../cli/diff/fleetDiff";
import { html } from "../../../../cli/diff/html";
import { reportOf } from "../../../../cli/diff/report";
import { readSavedPreview } from "../../../../cli/diff/savedPreview";

const project = path.resolve(__dirname, "../../../..");
const fixture = (name: string): string => path.join(project, "test/fixtures/fleetDiff", name);

describe("the HTML of a diff", () => {
    let diff: FleetDiff;
    let text: string;

    before(() => {
        diff = buildDiff(readSavedPreview(fixture("change.json"), project));
        text = html(diff);
    });

    it("has every section, line and name", () => {
        const plain = text
            .replace(/<[^>]*>/g, " ")
            .replace(/&#39;/g, "'")
            .replace(/&gt;/g, ">");
        for (const { title, lines, tables, folds } of reportOf(diff).sections) {
            const cells = tables.flatMap(({ head, rows }) => [...head, ...rows.flat()]);
            const items = folds.flatMap((fold) => [fold.summary, ...fold.items]);
            for (const one of [title, ...lines.map((line) => line.text), ...cells, ...items]) {
                assert.ok(plain.includes(one), one);
            }
        }
    });

    it("loads nothing, runs nothing, and lets nothing be loaded", () => {
        assert.doesNotMatch(
            text,
            /<(script|link|img|iframe|object|base)\b|\bon\w+=|url\(|@import/i,
        );
        assert.doesNotMatch(text, /https?:|\/\//);
        assert.match(text, /Content-Security-Policy" content="default-src 'none';/);
    });

    it("has a language, a title, one h1, headings in order, and tables with named rows and columns", () => {
        assert.match(text, /<html lang="en">/);
        assert.match(text, /<title>Fleet changes of differ<\/title>/);
        const levels = [...text.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
        assert.equal(levels[0], 1);
        assert.ok(levels.length > 3 && levels.slice(1).every((level) => level === 2));
        assert.doesNotMatch(text, /<th>/);
        assert.match(text, /prefers-color-scheme: dark/);
        assert.match(text, /@media print/);
    });

    it("has no secret and no certificate", () => {
        const source = readFileSync(fixture("change.json"), "utf8");
        const lines = source.match(/[A-Za-z0-9+/]{60,}/g) ?? [];
        assert.ok(lines.length > 20, "the preview itself has certificates");
        assert.ok(lines.every((line) => !text.includes(line)));
        assert.doesNotMatch(text, /BEGIN |PRIVATE|\[secret\]|ciphertext/);
    });

    it("takes a name that looks like HTML as text", () => {
        const device = `<img src=x onerror="alert('1')">`;
        const change = { device, group: null, kind: "deleted", detail: "&amp;" } as const;
        const devices = { ...diff.devices, changes: [change] };
        const shown = html({ ...diff, stack: "</title><b>", devices });
        assert.doesNotMatch(shown, /<img|<b>|<\/title><b>/);
        assert.ok(shown.includes("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;"));
        assert.ok(shown.includes("&amp;amp;"));
    });

    it("of no change is one line", () => {
        const empty = buildDiff(readSavedPreview(fixture("same.json"), project));
        const page = html(empty);
        assert.match(page, /No changes: the fleet of differ stays as it is\./);
        assert.doesNotMatch(page, /<section|<h2/);
    });

    it("has a contrast of 4.5 at least, in both schemes", () => {
        const schemes = [...text.matchAll(/:root \{([^}]*)\}/g)].map(([, rules]) =>
            Object.fromEntries(
                [...rules.matchAll(/--(\w+): (#[0-9a-f]{6})/g)].map(([, name, colour]) => [
                    name,
                    colour,
                ]),
            ),
        );
        assert.equal(schemes.length, 3);
        for (const { text: ink, loss, link, ground, soft } of schemes) {
            for (const [one, other] of [
                [ink, ground],
                [ink, soft],
                [loss, ground],
                ...(link === undefined ? [] : [[link, ground]]),
            ]) {
                assert.ok(contrast(one, other) >= 4.5, `${one} on ${other}`);
            }
        }
    });
});

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
    const [red, green, blue] = [1, 3, 5].map((at) => {
        const part = parseInt(colour.slice(at, at + 2), 16) / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
