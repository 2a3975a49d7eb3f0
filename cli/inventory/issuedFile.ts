import { readFileSync } from "fs";
import { StackFileError } from "../stackFiles/planConfig";
import { certificateText } from "./certificateText";
import { CertificateText } from "./row";

/** A certificate that the EST service issued. */
export interface EstCertificate extends CertificateText {
    readonly group: string;
    readonly generation: number | null;
}

/**
 * Reads audit logs of the EST service: the certificates of each device, the latest first. A last line that is cut off
 * belongs to a certificate that no device got.
 *
 * @throws StackFileError that names file and line
 */
export function readIssued(files: readonly string[]): ReadonlyMap<string, EstCertificate[]> {
    const issued = new Map<string, { readonly at: string; readonly one: EstCertificate }[]>();
    for (const file of files) {
        const lines = linesOf(file);
        lines.forEach((line, index) => {
            const entry = parsed(line);
            if (entry === "other") {
                return;
            }
            if (entry === undefined) {
                if (index === lines.length - 1) {
                    return;
                }
                throw new StackFileError(
                    `${file}:${index + 1} is no line of an audit log — name the file that npm run est writes (--audit)`,
                );
            }
            const { device, group, issuer, certificate, at } = entry;
            const generation = Number(/-g(\d+)$/.exec(issuer)?.[1] ?? NaN);
            const one = {
                ...certificateText(certificate),
                group,
                generation: Number.isNaN(generation) ? null : generation,
            };
            issued.set(device, [...(issued.get(device) ?? []), { at, one }]);
        });
    }
    return new Map(
        [...issued].map(([device, all]) => [
            device,
            all.sort((a, b) => (a.at < b.at ? 1 : -1)).map(({ one }) => one),
        ]),
    );
}

function linesOf(file: string): string[] {
    try {
        return readFileSync(file, "utf8")
            .split("\n")
            .filter((line) => line !== "");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new StackFileError(`--issued ${file}: cannot be read (${code})`);
    }
}

type Entry = Readonly<Record<"at" | "device" | "group" | "issuer" | "certificate", string>>;

/** `other`: a line of the service's log, which a container's output has among those of the audit log. */
function parsed(line: string): Entry | "other" | undefined {
    try {
        const entry = JSON.parse(line) as Entry & { readonly event?: unknown };
        const { at, device, group, issuer, certificate, event } = entry;
        if (typeof event === "string" && event !== "issued") {
            return "other";
        }
        const areTexts = [at, device, group, issuer, certificate].every(
            (one) => typeof one === "string",
        );
        return areTexts ? entry : undefined;
    } catch {
        return undefined;
    }
}
