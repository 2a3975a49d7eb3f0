import { strict as assert } from "assert";
import { readFileSync } from "fs";
import * as path from "path";
import { gzipSync } from "zlib";
import * as fc from "fast-check";
import { readSettings } from "../../../../stacks/config";
import { DeviceSettings } from "../../../../stacks/settings";
import { good, problemsOf, ProjectFolder } from "./configSupport";

const cases = path.join(__dirname, "../../..", "cases");

describe("configuration: tables as spreadsheets write them", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    function devices(content: string | Buffer, name = "fleet.csv"): readonly DeviceSettings[] {
        folder.write(name, content);
        return readSettings(good({ devicesFile: name, groups: { pumps: {}, g: {} } }), folder.path)
            .devices;
    }

    const ids = (content: string | Buffer, name?: string): string[] =>
        devices(content, name).map(({ id }) => id);

    function problem(content: string | Buffer): { path: string; value: string; text: string } {
        folder.write("bad.csv", content);
        const problems = problemsOf(
            good({ devicesFile: "bad.csv", groups: { pumps: {}, g: {} } }),
            folder.path,
        );
        assert.equal(problems.length, 1, JSON.stringify(problems));
        const [{ path: where, value, rule, remedy }] = problems;
        return { path: where, value, text: `${rule}; ${remedy}` };
    }

    const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
    const rows = ["id,group,status", "a,pumps,enabled", "b,pumps,disabled"];
    const lines = (separator: string): string[] =>
        rows.map((row) => row.split(",").join(separator));

    const forms: Record<string, string | Buffer> = {
        commas: lines(",").join("\n"),
        semicolons: lines(";").join("\n"),
        tabs: lines("\t").join("\n"),
        "vertical bars": lines("|").join("\n"),
        "Windows line ends": lines(";").join("\r\n"),
        "carriage returns alone": lines(";").join("\r"),
        "a byte order mark": `\ufeff${lines(",").join("\n")}`,
        "Excel's Unicode Text": utf16(lines("\t").join("\r\n")),
        "UTF-16, big endian": utf16(lines(",").join("\r\n")).swap16(),
        "sep=;": `sep=;\r\n${lines(";").join("\r\n")}`,
        "sep= and a mark": `\ufeff"sep=^"\r\n${lines("^").join("\r\n")}`,
        "every cell in quotes": lines('";"')
            .map((line) => `"${line}"`)
            .join("\r\n"),
        "a header in capitals": lines(",").join("\n").replace("id,group", "ID,Group"),
        "spaces around cells": lines(" , ").join(" \n"),
        "no-break spaces around cells": lines("\u00a0;\u00a0").join("\u00a0\n"),
        "empty lines": lines(",").join("\n\n\n"),
        "the end of a text of DOS": `${lines(",").join("\r\n")}\r\n\u001a`,
        "UTF-16 without a mark": utf16(lines(",").join("\r\n")).subarray(2),
        "rows and columns of empty cells": `${lines(",").join(",,\n")},,\n,,,,\n,,,,\n`,
    };
    for (const [name, content] of Object.entries(forms)) {
        it(`read: ${name}`, () => {
            const read = devices(content).map(({ id, group, status }) => [id, group, status]);
            assert.deepEqual(
                read,
                rows.slice(1).map((row) => row.split(",")),
            );
        });
    }

    it("read: files that end in .txt and .tsv", () => {
        assert.deepEqual(ids(forms["Excel's Unicode Text"], "fleet.txt"), ["a", "b"]);
        assert.deepEqual(ids(forms["tabs"], "fleet.tsv"), ["a", "b"]);
    });

    it("read: empty first cells between tabs", () => {
        const [device] = devices("status\ttags.a\tid\tgroup\n\t\ta\tpumps\n");
        assert.deepEqual([device.id, device.status, device.tags], ["a", "enabled", {}]);
    });

    it("read: cells with line breaks and separators in quotes, lists on two lines", () => {
        const [one, two] = ["AB", "CD"].map((byte) => byte.repeat(32));
        const text = `id;auth;thumbprints;tags.note\r\nc;thumbprint;"${one}\r\n${two}";"x;\r\ny"\r\nd;thumbprint;"${two.replace("D", "E")};${one.replace("A", "F")}";\r\n`;
        const read = devices(text);
        assert.deepEqual(read[0].authentication, {
            kind: "thumbprint",
            primary: one,
            secondary: two,
        });
        assert.deepEqual(read[0].tags, { note: "x;\ny" });
        assert(read[1].authentication.kind === "thumbprint" && read[1].authentication.secondary);
    });

    it("read: flags and choices in any letter case; tags and IDs keep theirs", () => {
        const [device] = devices(
            "ID,Group,AUTH,Adopt,STATUS,Tags.Site\nPump-1,pumps,CA,TRUE,Disabled,TRUE\n",
        );
        assert.deepEqual(
            [device.id, device.adopt, device.status, device.tags],
            ["Pump-1", true, "disabled", { Site: "TRUE" }],
        );
    });

    it("any separator, encoding and line endings give the same devices", () => {
        const name = fc.string({
            unit: fc.constantFrom(..."abcXYZ_-"),
            minLength: 1,
            maxLength: 9,
        });
        const note = fc.string({
            unit: fc.constantFrom(..."aé日\"',;|\t\n "),
            minLength: 1,
            maxLength: 12,
        });
        const table = fc.uniqueArray(fc.record({ id: name, note }), {
            selector: ({ id }) => id.toLowerCase(),
            minLength: 1,
            maxLength: 6,
        });
        const cell = (text: string): string => `"${text.replace(/"/g, '""')}"`;
        const encode = fc.constantFrom<(text: string) => Buffer>(
            (text) => Buffer.from(text),
            (text) => Buffer.from(`\ufeff${text}`),
            utf16,
            (text) => utf16(text).swap16(),
        );
        fc.assert(
            fc.property(
                table,
                fc.constantFrom(...",;\t|"),
                fc.constantFrom("\n", "\r\n", "\r"),
                encode,
                (list, separator, newline, encoded) => {
                    const body = list.map(({ id, note: text }) =>
                        [id, "pumps", cell(text)].join(separator),
                    );
                    const head = ["id", "group", "tags.note"].join(separator);
                    const text = [head, ...body].join("\n").replace(/\n/g, newline) + newline;
                    assert.deepEqual(
                        devices(encoded(text)).map(({ id, tags }) => [id, tags.note ?? ""]),
                        list.map(({ id, note: written }) => [id, written.trim()]),
                    );
                },
            ),
        );
    });

    it("refuses a duplicate column in another letter case", () => {
        const { path: where, value } = problem("id,group,ID\na,pumps,b\n");
        assert.deepEqual([where, value], ["bad.csv:1", '"ID"']);
    });

    const converted: [id: string, cause: RegExp][] = [
        ["7.3928E+07", /a spreadsheet shortened/],
        ["7,3928E+07", /a spreadsheet shortened/],
        ["1.23457e+19", /a spreadsheet shortened/],
        ["7E+07", /a spreadsheet shortened/],
        ["8949000000000000000", /rounded to 15 digits/],
        ["73,928,000", /thousands separators/],
        ["73.928.000", /thousands separators/],
        ["73928000.0", /decimal places/],
        ["02-Jan", /date that a spreadsheet made/],
        ["1. Mrz", /date that a spreadsheet made/],
        ["Mar-26", /date that a spreadsheet made/],
        ['=""0073928""', /formula that an export wrote/],
        ["#N/A", /error value of a formula/],
        ["#REF!", /error value of a formula/],
    ];
    for (const [id, cause] of converted) {
        it(`an ID that became ${id} is refused with the cause, in a table only`, () => {
            const { path: where, value, text } = problem(`id;group\n"${id}";pumps\n`);
            const shown = JSON.stringify(id.replace(/""/g, '"'));
            assert.deepEqual([where, value], ["bad.csv:2: id", shown]);
            assert.match(text, cause);
        });
    }

    it("accepts IDs that only look like numbers", () => {
        const plain = ["007", "10.100.200.123", "2026-11-28", "1E5", "123456789012345", "1.0"];
        assert.deepEqual(ids(["id;group", ...plain.map((id) => `${id};pumps`)].join("\n")), plain);
        const device = { id: "73.928.000", group: "pumps" };
        assert.equal(readSettings(good({ devices: [device] }), folder.path).devices.length, 1);
    });

    const unseen: [id: string, shown: string, character: string][] = [
        ["pump\u200b-1", '"pump\\u200b-1"', "U+200B"],
        ["pump\u00a01", '"pump\\u00a01"', "U+00A0"],
        ["pump\u00ad1", '"pump\\u00ad1"', "U+00AD"],
        ["pum\u0440-1", '"pum\\u0440-1"', '"\u0440" (U+0440)'],
        ["pump\u20131", '"pump\u20131"', '"\u2013" (U+2013)'],
        ["\u201cpump\u201d", '"\u201cpump\u201d"', '"\u201c" (U+201C)'],
    ];
    for (const [id, shown, character] of unseen) {
        it(`an ID with ${character} is refused and shows it`, () => {
            const { value, text } = problem(`id,group\n${id},pumps\n`);
            assert.equal(value, shown);
            assert(
                text.includes(character.replace("\u0440", "\\u0440")) || text.includes(character),
                text,
            );
        });
    }

    it("an ID with # or + is refused because MQTT has no topic for it", () => {
        for (const id of ["pump#1", "pump+1"]) {
            assert.match(problem(`id,group\n${id},pumps\n`).text, /MQTT 3\.1\.1, 4\.7\.1/);
        }
    });

    it("refuses a formula's error in a tag, typographic quotes in JSON, a workbook, truncated UTF-16", () => {
        assert.match(problem("id,group,tags.a\na,pumps,#NV\n").text, /error value of a formula/);
        assert.match(problem("id;group;tags\na;pumps;{“a”:1}\n").text, /typographic quotes/);
        assert.match(problem(Buffer.from("PK\x03\x04\x14")).value, /workbook/);
        assert.match(problem(utf16("id,group\n").subarray(0, 9)).value, /truncated UTF-16/);
    });

    const others: [name: string, content: string | Buffer, value: RegExp, remedy: RegExp][] = [
        ["an old workbook", Buffer.from("d0cf11e0a1b11ae1", "hex"), /XLS/, /CSV UTF-8/],
        ["a compressed table", gzipSync("id,group\n"), /gzip/, /gunzip/],
        ["a page", "<html><table><tr><td>id</td></tr></table>", /HTML/, /again/],
        ["a pointer", "version https://git-lfs.github.com/spec/v1\n", /LFS/, /git lfs pull/],
        ["JSON", '[{"id":"a"}]', /^JSON$/, /\.json/],
        ["a second table behind it", "\ufeffid,group\n\ufeffID,Group\n", /second header/, /delete/],
        ["a formula's text", 'id,group\n="00123",pumps\n', /not CSV/, /="00-12" without/],
        ["CP1252", Buffer.from("id,tags.a\na,ü\n", "latin1"), /0xFC in line 2/, /UTF-8/],
    ];
    for (const [name, content, value, remedy] of others) {
        it(`refuses ${name} with its cause`, () => {
            const found = problem(content);
            assert.match(found.value, value);
            assert.match(found.text, remedy);
        });
    }

    it("refuses what is no JSON list with its cause", () => {
        const causes: [content: string, value: string, remedy: RegExp][] = [
            ["id,group\na,pumps\n", "(not JSON)", /a table the extension \.csv/],
            ['{"id":"a"}\n{"id":"b"}\n', "one JSON value per line", /jq -s/],
            ['[{"id":"a"},]', "(not JSON)", /surplus comma/],
        ];
        for (const [content, value, remedy] of causes) {
            folder.write("bad.json", content);
            const [only, ...more] = problemsOf(good({ devicesFile: "bad.json" }), folder.path);
            assert.deepEqual([only.value, more], [value, []]);
            assert.match(only.remedy, remedy);
        }
    });

    it("reads or refuses the tables of test/cases", () => {
        const read = (name: string): Buffer => readFileSync(path.join(cases, name));
        assert.deepEqual(ids(read("semicolon.csv")), ["pump-01"]);
        const { path: where, value, text } = problem(read("excel.csv"));
        assert.deepEqual([where, value], ["bad.csv:2: id", '"7.3928E+07"']);
        assert.match(text, /a spreadsheet shortened/);
        const [device] = devices(String(read("excel.csv")).replace("7.3928E+07", "73928001"));
        assert.deepEqual([device.id, device.adopt, device.status], ["73928001", true, "enabled"]);
    });
});
