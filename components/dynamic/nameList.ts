/** How many names a line shows; the rest are counted. */
const most = 20;

/** The first ones, and how many more there are. */
export function firstOf(lines: readonly string[], count = most): string[] {
    return lines.length > count
        ? [...lines.slice(0, count), `and ${lines.length - count} more`]
        : [...lines];
}

/** In one line, sorted: `a, b`, or `a, b, … and 3 more`. */
export function nameList(names: readonly string[]): string {
    const rest = names.length > most ? ` and ${names.length - most} more` : "";
    return `${[...names].sort().slice(0, most).join(", ")}${rest}`;
}
