import * as echarts from "echarts";
import { ContenderName, DeviceKey } from "./measure/contender";
import { Point, Results, seriesOf } from "./results";

/** How a chart and a table name a contender. */
export const titles: Readonly<Record<ContenderName, string>> = {
    ours: "this program, one stack",
    oursPlain: "this program, pulumi up without options",
    oursAtEnd: "this program, one stack, state at the end",
    fleet: "this program, in shards",
    naive: "naive Pulumi program",
    naiveTuned: "naive program, engine tuned as npm run fleet does",
    tutorial: "tutorial: openssl + az",
    handWritten: "openssl + azure-iothub, one by one",
    handWrittenBulk: "openssl on all cores + azure-iothub in bulk",
};

/** With the colour of each, the same in all charts. */
const shown: readonly (readonly [ContenderName, string])[] = [
    ["naive", "#5470c6"],
    ["tutorial", "#7a9c12"],
    ["handWritten", "#505372"],
    ["ours", "#ff994d"],
    ["oursAtEnd", "#c2410c"],
    ["fleet", "#0ca8df"],
];
const ourOwn: readonly ContenderName[] = ["ours", "oursAtEnd", "fleet"];
const size = { width: 860, height: 480 };

/** Seconds of the first `up` over devices with such keys; both axes are logarithmic. An SVG. */
export function upChart(results: Results, key: DeviceKey): string {
    return lineChart(results, key, `First up of ${key} devices, seconds`, ({ up }) => up.seconds);
}

/** Peak memory over devices. An SVG. */
export function memoryChart(results: Results): string {
    const title = "Memory of all processes at their peak, MB";
    return lineChart(results, "ECDSA-P256", title, ({ up }) => up.peakMegabytes);
}

function lineChart(
    results: Results,
    key: DeviceKey,
    title: string,
    value: (point: Point) => number,
): string {
    const measured = shown.filter(([contender]) => seriesOf(results, contender, key).length > 0);
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
    chart.setOption({
        animation: false,
        backgroundColor: "#ffffff",
        title: { text: title, left: "center" },
        legend: { bottom: 0, itemGap: 36 },
        grid: { left: 70, right: 40, top: 60, bottom: 110 },
        xAxis: { type: "log", name: "devices", nameLocation: "middle", nameGap: 28, min: 40 },
        yAxis: { type: "log", minorSplitLine: { show: true } },
        series: measured.map(([contender, color]) => ({
            type: "line",
            name: titles[contender],
            symbolSize: 8,
            itemStyle: { color },
            lineStyle: { width: ourOwn.includes(contender) ? 3 : 1.5 },
            data: seriesOf(results, contender, key).map((point) => [point.devices, value(point)]),
        })),
    });
    const svg = chart.renderToSVGString();
    chart.dispose();
    return `${svg}\n`;
}
