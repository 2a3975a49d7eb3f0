import { ascending, expiredBand } from "./bands";
import { AlertedCertificate, Bucket, bucketsThatFit, dateOf } from "./buckets";

/** Longest query in bytes. A rule has at most 64 KB (Azure docs: azure-monitor/service-limits); the rest is for its other parts. */
export const longestQuery = 60_000;

/** Stands for "always" in the column AlertBelow, which has no value for infinity. */
const always = 100_000;

/** Columns of the inventory, with their KQL types. */
const columns = [
    "Kind:string",
    "Group:string",
    "FirstDay:datetime",
    "Days:long",
    "Certificates:long",
    "Example:string",
    "AlertBelow:long",
].join(", ");

/** Fewest bytes of a row: `'root','',datetime(2027-03-01),1,1,'a',1`. */
const shortestRow = 40;

/** The part of the query that follows the inventory, with the longest possible condition. */
const steps = (condition: string): string =>
    [
        "| extend DaysLeft = datetime_diff('day', FirstDay, startofday(now()))",
        `| where ${condition}`,
        "| project TimeGenerated = now(), Kind, Group, FirstDay = format_datetime(FirstDay, 'yyyy-MM-dd'), " +
            "LastDay = format_datetime(FirstDay + (Days - 1) * 1d, 'yyyy-MM-dd'), DaysLeft, Certificates, Example",
    ].join("\n");

const longestSteps = Buffer.byteLength(
    steps("DaysLeft >= 00000 and DaysLeft < 00000 and DaysLeft < AlertBelow"),
);

/**
 * Certificates as an inline table of KQL, one row a group and day. With more than fit, rows are for longer periods and, in the
 * end, several groups; counts stay exact.
 */
export function inventoryTable(certificates: readonly AlertedCertificate[]): string {
    const fits = (buckets: readonly Bucket[]) =>
        // Line ends take two bytes in JSON.
        Buffer.byteLength(JSON.stringify(table(buckets))) + longestSteps <= longestQuery;
    return table(bucketsThatFit(certificates, Math.floor(longestQuery / shortestRow), fits));
}

function table(buckets: readonly Bucket[]): string {
    const rows = buckets.map(({ kind, group, firstDay, lastDay, count, example, alertBelow }) =>
        [
            literal(kind),
            literal(group),
            `datetime(${dateOf(firstDay)})`,
            lastDay - firstDay + 1,
            count,
            literal(example),
            Math.min(alertBelow, always),
        ].join(","),
    );
    return `datatable(${columns})[\n${rows.join(",\n")}\n]`;
}

/**
 * The query of a band's rule: a row for each bucket in the band.
 *
 * @param table see {@link inventoryTable}
 * @param days all bands, in any order
 */
export function alertQuery(table: string, band: number, days: readonly number[]): string {
    return `${table}\n${steps(condition(band, days))}`;
}

/** Same bands as `bandFor`. Days are counted from date to date, in UTC. */
function condition(band: number, days: readonly number[]): string {
    if (band === expiredBand) {
        return "DaysLeft < 0";
    }
    const smaller =
        ascending(days)
            .filter((one) => one < band)
            .pop() ?? 0;
    return `DaysLeft >= ${smaller} and DaysLeft < ${band} and DaysLeft < AlertBelow`;
}

/** A string literal of KQL (Kusto docs: scalar-data-types/string). */
function literal(text: string): string {
    return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
