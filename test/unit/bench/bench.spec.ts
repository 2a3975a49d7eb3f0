import { deepStrictEqual as equal, ok, rejects } from "assert";
import { existsSync } from "fs";
import { runMeasured } from "../../../bench/measure/processGroup";
import { processRole } from "../../../bench/measure/roles";
import { benchPrograms, Run } from "../../../bench/measure/site";
import { reportPage } from "../../../bench/report";
import { Point, Results } from "../../../bench/results";
import { expectedSeconds } from "../../../bench/series";
import { targets, verdict, watchedFigures } from "../../../bench/targets";
import { compareDevices } from "../../../bench/trials/compare";
import { issue, makeCa } from "../../support/pki";

const noRun: Run = { seconds: 1, peakMegabytes: 1, cpuSeconds: {}, calls: 0, registryCalls: 0 };

function point(
    contender: Point["contender"],
    devices: number,
    seconds: number,
    others: Partial<Point> = {},
): Point {
    return { contender, key: "ECDSA-P256", devices, up: { ...noRun, seconds }, ...others };
}

function results(points: readonly Point[], others: Partial<Results> = {}): Results {
    const machine = {
        date: "2026-11-25",
        cpu: "Some CPU",
        cores: 2,
        memoryGigabytes: 24,
        system: "Linux",
        node: "20.20.2",
        pulumi: "3.260.0",
        openssl: "3.0.19",
    };
    return { machine, points, stops: [], failures: [], minutes: 50, ...others };
}

describe("bench: its programs", () => {
    it("are where a measurement starts them", () => {
        equal(
            Object.values(benchPrograms).filter((file) => !existsSync(file)),
            [],
        );
    });
});

describe("bench: when a series stops", () => {
    it("expects nothing without a smaller size", () => {
        equal(expectedSeconds([], 200), undefined);
    });

    it("extrapolates proportionally after one size", () => {
        equal(expectedSeconds([{ devices: 50, seconds: 20 }], 200), 80);
    });

    it("extrapolates the power law of the last two sizes: four times the time for twice the devices", () => {
        const before = [
            { devices: 50, seconds: 30 },
            { devices: 100, seconds: 40 },
            { devices: 200, seconds: 160 },
        ];
        equal(Math.round(expectedSeconds(before, 400) ?? 0), 640);
    });

    it("does not mistake start-up time for free devices", () => {
        const before = [
            { devices: 50, seconds: 10 },
            { devices: 100, seconds: 11 },
        ];
        equal(expectedSeconds(before, 1000), 110);
    });
});

describe("bench: targets", () => {
    const judged = (what: RegExp, found: Results): string => {
        const target = targets(found).find((one) => what.test(one.what));
        ok(target);
        return verdict(target);
    };

    it("are not measured by a run that measured nothing", () => {
        const verdicts = targets(results([])).map(verdict);
        equal(new Set(verdicts), new Set(["not measured"]));
    });

    it("200 devices: 6 times as fast as the naive program is enough, 5.9 times is not", () => {
        const run = (seconds: number) =>
            results([point("naive", 200, seconds), point("oursPlain", 200, 10)]);
        equal(judged(/200 devices/, run(60)), "met");
        equal(judged(/200 devices/, run(59)), "missed");
    });

    it("the tutorial is compared per device, at its largest size", () => {
        const ours = point("ours", 1000, 100);
        const before = point("tutorial", 50, 1000);
        const met = results([ours, before, point("tutorial", 200, 100)]);
        equal(judged(/tutorial.*in one stack/, met), "met");
        const missed = results([ours, point("tutorial", 200, 99)]);
        equal(judged(/tutorial.*in one stack/, missed), "missed");
        equal(judged(/tutorial.*in shards/, missed), "not measured");
    });

    it("1,000 devices in shards take 149 s, not 151", () => {
        equal(judged(/^first up of 1,000/, results([point("fleet", 1000, 149)])), "met");
        equal(judged(/^first up of 1,000/, results([point("fleet", 1000, 151)])), "missed");
    });

    it("10,000 devices in shards take 12 times as long as 1,000, not more", () => {
        const run = (seconds: number) =>
            results([point("fleet", 1000, 50), point("fleet", 10_000, seconds)]);
        equal(judged(/10,000/, run(590)), "met");
        equal(judged(/10,000/, run(610)), "missed");
    });

    it("1,000 devices cost 20 registry calls, not 21", () => {
        const run = (registryCalls: number) =>
            results([point("ours", 1000, 1, { up: { ...noRun, registryCalls } })]);
        equal(judged(/registry calls.*one stack/, run(20)), "met");
        equal(judged(/registry calls.*in one stack/, run(21)), "missed");
    });

    it("a throttled hub may deviate from the plan by a tenth, either way", () => {
        const run = (seconds: number): Results => {
            const up = { ...noRun, seconds };
            const hub = { devices: 300, sku: "S1", units: 1, refused: 0 };
            return results([], { throttle: { ...hub, plannedSeconds: 120, up } });
        };
        equal(
            [107, 109, 131, 133].map((seconds) => judged(/throttled/, run(seconds))),
            ["missed", "met", "met", "missed"],
        );
    });

    it("one lost device is one too many", () => {
        const faults = { devices: 200, rate: 0.05, registryCalls: 300, hits: 15, runs: [] };
        const none = results([], { faults: { ...faults, lost: [], doubled: [] } });
        const one = results([], { faults: { ...faults, lost: ["device-00007"], doubled: [] } });
        equal(judged(/lost/, none), "met");
        equal(judged(/lost/, one), "missed");
    });
});

describe("bench: its final output", () => {
    it("a quick run has six figures, more than 1 where ours is faster", () => {
        const ours = point("ours", 200, 20, {
            up: { ...noRun, seconds: 20, registryCalls: 4, peakMegabytes: 900 },
            preview: { ...noRun, seconds: 6 },
            stateBytesPerDevice: 3800,
        });
        const plain = point("oursPlain", 200, 20);
        const peers = [plain, point("naive", 200, 180), point("handWritten", 200, 9)];
        equal(watchedFigures(results([ours, ...peers])), {
            naiveOverOurs: 9,
            handWrittenOverOurs: 0.45,
            stateBytesPerDevice: 3800,
            previewSeconds: 6,
            registryCallsPerDevice: 0.02,
            peakMegabytes: 900,
        });
    });

    it("a full run adds the figure of each target, null where it was not measured", () => {
        const found = results([point("ours", 1000, 250), point("fleet", 1000, 25)]);
        const { secondsInShardsAt1000, ...others } = watchedFigures(found);
        equal(secondsInShardsAt1000, 25);
        equal(others.perDeviceAt10000Over1000, null);
        equal(Object.keys(others).length, 6 + targets(found).length - 1);
    });

    it("the page names a missed target with what took the time, and a size that was left out", () => {
        const up = { ...noRun, seconds: 200, cpuSeconds: { program: 20, engine: 150 } };
        const page = reportPage(
            results([point("fleet", 1000, 200, { up, shards: 2 })], {
                stops: [
                    {
                        contender: "naive",
                        key: "ECDSA-P256",
                        devices: 1000,
                        expectedSeconds: 3900,
                    },
                ],
            }),
        );
        const rows = page.split("\n");
        const row = rows.find((line) => line.startsWith("| first up of 1,000 devices in shards"));
        equal(row, "| first up of 1,000 devices in shards | at most 150 s | 200 s | missed |");
        ok(page.includes("Processor time: engine 150 s, program 20.0 s in 200 s."));
        ok(/1,000 devices: not run, expected to take 65 minutes/.test(page));
    });

    it("the rows of each table have as many cells as its head", () => {
        const page = reportPage(results([point("ours", 50, 12), point("tutorial", 50, 20)]));
        const tables = page.split("\n\n").filter((block) => block.startsWith("|"));
        equal(tables.length, 2);
        for (const block of tables) {
            const cells = block.split("\n").map((line) => line.split("|").length);
            equal(new Set(cells).size, 1, block);
        }
    });
});

describe("bench: lost and doubled devices", () => {
    const ids = ["a", "b"];
    let certificates: { readonly id: string; readonly certificate: string }[];

    before(async () => {
        const ca = await makeCa({ commonName: "Bench CA" });
        const made = await Promise.all(ids.map((commonName) => issue(ca, { commonName })));
        certificates = made.map(({ certificate }, index) => ({ id: ids[index], certificate }));
    });

    it("none, when each has one identity and one certificate", () => {
        const found = compareDevices(ids, { total: 2, ids }, certificates);
        equal(found, { lost: [], doubled: [] });
    });

    it("a device without an identity, or without a certificate, is lost", () => {
        const noIdentity = compareDevices(ids, { total: 1, ids: ["a"] }, certificates);
        equal(noIdentity.lost, ["b"]);
        const noCertificate = compareDevices(ids, { total: 2, ids }, certificates.slice(1));
        equal(noCertificate.lost, ["a"]);
    });

    it("the certificate's own name counts, not the state's", () => {
        const [first] = certificates;
        const swapped = [first, { id: "b", certificate: first.certificate }];
        const { lost, doubled } = compareDevices(ids, { total: 2, ids }, swapped);
        equal(lost, ["b"]);
        ok(doubled.includes("a"));
    });

    it("an unexpected device counts as doubled", () => {
        const inventory = { total: 3, ids: [...ids, "c"] };
        equal(compareDevices(ids, inventory, certificates).doubled, ["c"]);
    });
});

describe("bench: measured processes", () => {
    const node = (script: string) => ({
        file: process.execPath,
        args: ["-e", script],
        cwd: __dirname,
        environment: {},
    });

    it("are recognized by their command lines", () => {
        const dynamic =
            "/usr/bin/node /p/node_modules/@pulumi/pulumi/cmd/dynamic-provider 127.0.0.1:4";
        const program = "/usr/bin/node /p/node_modules/@pulumi/pulumi/cmd/run/index.js --monitor";
        equal(processRole(dynamic), "dynamic provider");
        equal(processRole(program), "program");
        equal(processRole("/p/.local/bin/pulumi up --yes"), "engine");
        equal(processRole("pulumi-language-nodejs 127.0.0.1:44115"), "other");
        equal(processRole("openssl req -new"), "openssl");
    });

    it("count together with what they started: a grandchild's 200 MB and its second of work", async () => {
        const heavy =
            "const held = Buffer.alloc(200e6, 1); for (let u = process.cpuUsage(); u.user + u.system < 1e6; u = process.cpuUsage()) { for (let i = 0; i < 1e7; i++) {} } held[0]";
        const start = `require("child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(heavy)}])`;
        const { peakMegabytes, cpuSeconds, seconds } = await runMeasured(node(start));
        ok(peakMegabytes > 200 && peakMegabytes < 600, `${peakMegabytes} MB`);
        const work = cpuSeconds.other ?? 0;
        // A process's last sample may be 0.2 s old; node's own starts come on top.
        ok(work > 0.75 && work < 3, `${work} s of work in ${seconds} s`);
    }).timeout(20_000);

    it("that fail cause an error with their output", async () => {
        await rejects(
            runMeasured(node("console.error('no such hub'); process.exit(3)")),
            /status 3\nno such hub/,
        );
    });
});
