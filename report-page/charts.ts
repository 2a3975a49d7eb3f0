import * as echarts from "echarts";
import { escaped } from "./markup";

/** Colours of the page's style, so that a picture follows light, dark and print. */
export const colours = {
    text: "var(--text)",
    quiet: "var(--quiet)",
    ground: "var(--ground)",
    soft: "var(--soft)",
    line: "var(--line)",
    bad: "var(--loss)",
    bar: "var(--bar)",
    ca: "var(--ca)",
} as const;

/** As in the rest of the page. */
export const fontFamily = "system-ui, sans-serif";

/** Width of every picture in its own units. */
export const width = 960;

/**
 * Draws on the server, so the page needs no code of the library.
 *
 * @param name what a screen reader says instead of the picture; the same facts must follow as text
 */
export function picture(name: string, height: number, option: object): string[] {
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
    chart.setOption({
        animation: false,
        textStyle: { fontFamily, color: colours.text },
        ...option,
    });
    const svg = chart.renderToSVGString();
    chart.dispose();
    const size = /^<svg width="\d+" height="\d+"/;
    return [
        `<div class="picture" tabindex="0" role="region" aria-label="${escaped(name)}">`,
        svg
            // Its rules for a pointer are for the library's own script.
            .replace(/<style\s*>[^]*?<\/style>/g, "")
            .replace(size, `<svg role="img" aria-label="${escaped(name)}"`),
        "</div>",
    ];
}
