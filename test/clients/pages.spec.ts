import { strict as assert } from "assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { pathToFileURL } from "url";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { buildDiff } from "../../cli/diff/buildDiff";
import { html } from "../../cli/diff/html";
import { readSavedPreview } from "../../cli/diff/savedPreview";
import { InventoryRow } from "../../cli/inventory/row";
import { report } from "../../report-page/report";
import { startBrowser } from "../support/browser";
import { hostileRow, inventoryRows, readAt } from "../support/inventoryRows";

const project = path.resolve(__dirname, "../..");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const deviceCount = 10_000;
/** A busy machine may take this long for what takes some 30 ms on an idle one. */
const mostMilliseconds = 1000;

/** The HTML that the commands write, in the machine's Chromium; axe-core judges it. */
describe("HTML pages in Chromium", function () {
    this.timeout(120_000);
    let browser: Browser;
    let folder: string;
    let rows: InventoryRow[];
    let pages: Record<"report" | "diff", string>;
    const requested: string[] = [];
    const problems: string[] = [];

    before(async function () {
        browser = await startBrowser(this);
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-pages-"));
        rows = [...(await inventoryRows(deviceCount)), hostileRow];
        const rollovers = [{ group: "pumps", generation: 2, retain: [1] }];
        const preview = path.join(project, "test/fixtures/fleetDiff/change.json");
        pages = {
            report: written(
                "report",
                report({ of: "stack prod", hub: "h", at: readAt.toISOString(), rollovers, rows }),
            ),
            diff: written("diff", html(buildDiff(readSavedPreview(preview, project)))),
        };
    });

    after(async () => {
        await browser?.close();
        if (folder !== undefined) {
            rmSync(folder, { recursive: true });
        }
    });

    function written(name: string, text: string): string {
        const file = path.join(folder, `${name}.html`);
        writeFileSync(file, text);
        return pathToFileURL(file).href;
    }

    async function open(
        name: keyof typeof pages,
        options: BrowserContextOptions = {},
    ): Promise<Page> {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
        page.on("request", (request) => requested.push(request.url()));
        page.on("pageerror", ({ message }) => problems.push(message));
        page.on("console", (message) => problems.push(message.text()));
        await page.goto(pages[name]);
        return page;
    }

    /** The names in the table, as the page shows them. */
    function names(page: Page): Promise<string[]> {
        return page.locator("#body th").allTextContents();
    }

    for (const name of ["report", "diff"] as const) {
        for (const colorScheme of ["light", "dark"] as const) {
            it(`the ${name} has nothing that axe-core objects to, in ${colorScheme}`, async () => {
                const page = await open(name, { colorScheme });
                await page.evaluate(axe);
                const { violations, passes } = await page.evaluate(() =>
                    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
                );
                assert.deepEqual(
                    violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
                    [],
                );
                assert.ok(passes.some(({ id }) => id === "color-contrast"));
                await page.close();
            });
        }

        it(`the ${name} fits a narrow screen and paper`, async () => {
            const page = await open(name, { viewport: { width: 390, height: 800 } });
            const width = () => page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok((await width()) <= 390);
            await page.emulateMedia({ media: "print", colorScheme: "dark" });
            const ground = await page.evaluate(() => getComputedStyle(document.body).color);
            assert.equal(ground, "rgb(0, 0, 0)");
            const paper = await page.pdf({ format: "A4" });
            assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
            await page.close();
        });
    }

    it("a device's texts are shown, and none becomes markup or runs", async () => {
        const page = await open("report");
        await page.fill("#text", "onerror");
        assert.deepEqual(await names(page), [hostileRow.name]);
        await page.click("#body th button");
        assert.ok(
            (await page.locator("#body dl").textContent())?.includes(String(hostileRow.note)),
        );
        assert.equal(await page.title(), "Certificates of stack prod");
        assert.equal(await page.locator("img, b, script:not([type])").count(), 1);
        await page.close();
    });

    it("its policy lets no other script run and nothing be loaded", async () => {
        const page = await open("report");
        const done = await page.evaluate(async () => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'ran'";
            document.body.append(script);
            const image = new Image();
            const refused = new Promise((resolve) => (image.onerror = () => resolve("refused")));
            image.src = "http://127.0.0.1:9/x.png";
            const fetched = await fetch("http://127.0.0.1:9/").then(
                () => "loaded",
                () => "refused",
            );
            return [document.title, await refused, fetched];
        });
        assert.deepEqual(done, ["Certificates of stack prod", "refused", "refused"]);
        assert.ok(problems.length >= 3);
        problems.splice(0).forEach((one) => assert.match(one, /Content Security Policy/));
        await page.close();
    });

    it("sorts and filters 10,000 rows without lag", async () => {
        const page = await open("report");
        const wanted = rows
            .filter(({ daysLeft }) => daysLeft !== null)
            .sort((one, other) => Number(one.daysLeft) - Number(other.daysLeft));
        const days = await page.locator("#body tr td:nth-child(6)").allTextContents();
        assert.deepEqual(
            days.map((text) => Number(/-?\d+/.exec(text)?.[0])),
            wanted.slice(0, 100).map(({ daysLeft }) => daysLeft),
        );
        const took = await page.evaluate(() => {
            const body = document.getElementById("body") as HTMLElement;
            const timed = (act: () => void): number => {
                const begin = performance.now();
                act();
                // Asking for a size makes the browser lay the new rows out.
                body.getBoundingClientRect();
                return performance.now() - begin;
            };
            const heads = Array.from(document.querySelectorAll<HTMLElement>("#head button"));
            const text = document.getElementById("text") as HTMLInputElement;
            const typed = ["p", "pu", "pumps-99", "leaf 7", "AB", ""].map((value) =>
                timed(() => {
                    text.value = value;
                    text.dispatchEvent(new Event("input"));
                }),
            );
            return {
                sort: Math.max(...heads.map((one) => timed(() => one.click()))),
                filter: Math.max(...typed),
            };
        });
        console.log(
            `        slowest sort ${took.sort.toFixed(0)} ms, slowest filter ${took.filter.toFixed(0)} ms`,
        );
        assert.ok(took.sort < mostMilliseconds && took.filter < mostMilliseconds);
        await page.close();
    });

    it("is used by keyboard alone, and says what it shows", async () => {
        const page = await open("report");
        const head = page.locator("#by-name");
        await head.locator("button").focus();
        await page.keyboard.press("Enter");
        assert.equal(await head.getAttribute("aria-sort"), "ascending");
        await page.keyboard.press("Enter");
        assert.equal(await head.getAttribute("aria-sort"), "descending");
        await page.selectOption("#group", "meters");
        await page.selectOption("#end", "expired");
        const expected = rows.filter(
            ({ group, daysLeft }) => group === "meters" && Number(daysLeft) < 0,
        );
        const count = expected.length.toLocaleString("en-US");
        const all = rows.length.toLocaleString("en-US");
        const status = page.locator("[role=status]");
        assert.equal(await status.textContent(), `1 to 100 of ${count} (of ${all}) certificates.`);
        await page.locator("#next").focus();
        await page.keyboard.press("Enter");
        assert.match((await status.textContent()) ?? "", /^101 to 200 /);
        const shown = await names(page);
        const known = new Set(expected.map(({ name }) => name));
        assert.ok(shown.length === 100 && shown.every((name) => known.has(name)));
        await page.close();
    });

    it("asked for nothing but the files themselves, and had no error", () => {
        const files = new Set(Object.values(pages));
        const others = requested.filter((url) => !files.has(url) && !url.includes("127.0.0.1:9/"));
        assert.deepEqual([others, problems], [[], []]);
    });
});
