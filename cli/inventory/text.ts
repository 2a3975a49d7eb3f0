import { counted } from "../fleet/counted";
import { Counts } from "./filter";
import { InventoryRow, isOfDevice } from "./row";

/** This many device rows are listed; the CSV has all. */
const most = 200;
const barWidth = 10;

/** An inventory as lines of text. */
export function inventoryLines(rows: readonly InventoryRow[], counts: Counts): string[] {
    return [...inventoryTable(rows), summary(counts)];
}

/** CAs, then devices. */
export function inventoryTable(rows: readonly InventoryRow[]): string[] {
    const devices = rows.filter(isOfDevice);
    return [
        ...section(
            "CAs",
            ["name", "subject", "life", "ends", "left", "trusted on", "known from"],
            rows
                .filter((row) => !isOfDevice(row))
                .map((row) => [
                    row.name,
                    row.subject ?? "unknown",
                    bar(row),
                    day(row.notAfter),
                    left(row),
                    row.trustedOn.join(", ") || "-",
                    known(row),
                ]),
        ),
        ...section(
            "Devices",
            ["device", "CA", "life", "ends", "left", "status", "last activity", "known from"],
            devices
                .slice(0, most)
                .map((row) => [
                    row.kind === "former" ? `${row.name} (former)` : row.name,
                    authority(row),
                    bar(row),
                    day(row.notAfter),
                    left(row),
                    row.status ?? "unknown",
                    row.lastActivity?.replace(/\.\d+Z$/, "Z") ?? "-",
                    known(row),
                ]),
        ),
        ...(devices.length > most
            ? [`  ... and ${(devices.length - most).toLocaleString("en-US")} more: --json has them`]
            : []),
    ];
}

function summary({ certificates, devices, expired, expiring, unknownEnd }: Counts): string {
    return (
        `${counted(certificates, "certificate")}, ${counted(devices, "device")}: ${expired.toLocaleString("en-US")} expired, ` +
        `${expiring.toLocaleString("en-US")} in the next 30 days, ${unknownEnd.toLocaleString("en-US")} whose end is unknown`
    );
}

function authority({ group, generation }: InventoryRow): string {
    return group === null ? "-" : `${group}${generation === null ? "" : `-g${generation}`}`;
}

/** A bar that shows how much of the certificate's lifetime is over. */
function bar({ notBefore, notAfter, daysLeft }: InventoryRow): string {
    if (notBefore === null || notAfter === null || daysLeft === null) {
        return " ".repeat(barWidth + 2);
    }
    const life = (Date.parse(notAfter) - Date.parse(notBefore)) / (24 * 3600 * 1000);
    const gone = Math.min(1, Math.max(0, 1 - Math.max(daysLeft, 0) / life));
    const filled = daysLeft < 0 ? barWidth : Math.min(barWidth - 1, Math.floor(gone * barWidth));
    return `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}]`;
}

function day(time: string | null): string {
    return time?.slice(0, 10) ?? "unknown";
}

function left({ daysLeft }: InventoryRow): string {
    if (daysLeft === null) {
        return "unknown";
    }
    return daysLeft < 0 ? "expired" : counted(daysLeft, "day");
}

function known({ knownFrom, note }: InventoryRow): string {
    return knownFrom.join(", ") + (note === null ? "" : ` — ${note}`);
}

function section(title: string, head: readonly string[], rows: readonly string[][]): string[] {
    if (rows.length === 0) {
        return [];
    }
    const all = [[...head], ...rows].map((row) => row.map(printable));
    const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
    const line = (row: readonly string[]): string =>
        `  ${row.map((text, column) => text.padEnd(widths[column])).join("  ")}`.trimEnd();
    return [title, ...all.map(line)];
}

/** Names on a hub come from other people, so they must not contain terminal control characters. */
function printable(text: string): string {
    return text.replace(/[\p{Cc}\p{Cf}]/gu, "?");
}
