import { caFindings, caWarnings } from "../../components/x509/caCertificate";
import { inspectCertificate } from "../../components/x509/inspectCertificate";
import { BootstrapSettings, EstSettings, GroupSettings, OneTimeSecret } from "../settings";
import { readEstContainer } from "./estContainer";
import { Files, inspectGivenFile, readGivenFile } from "./files";
import { groupNamePattern } from "./names";
import { FileLimit } from "./projectFile";
import { Section, sectionAt, TextRule } from "./section";
import { parseTable } from "./tableRows";

const columns = ["device", "sha256", "expires"] as const;

const secretsLimit: FileLimit = {
    bytes: 16 * 1024 * 1024,
    size: "16 MiB",
    kind: "a table of one-time secrets",
    remedy: "delete the rows of devices that have their certificate",
};

/** The service that renews certificates (EST); undefined: the stack does not configure it. */
export function readEst(
    top: Section,
    groups: readonly GroupSettings[],
    files: Files,
): EstSettings | undefined {
    if (!top.has("est")) {
        return undefined;
    }
    const est = top.section("est", "the EST service", [
        "graceDays",
        "repeatHours",
        "identityCertificates",
        "bootstrap",
        "container",
    ]);
    return {
        graceDays: est.integer("graceDays", 0, 3650, defaultEst.graceDays),
        repeatHours: est.integer("repeatHours", 1, 720, defaultEst.repeatHours),
        identityCertificates: readGroupNames(est, groups),
        bootstrap: readBootstrap(est, groups, files),
        container: readEstContainer(est),
    };
}

/** What holds for a stack without the section. */
export const defaultEst: EstSettings = {
    graceDays: 0,
    repeatHours: 24,
    identityCertificates: [],
    bootstrap: [],
    container: undefined,
};

const groupName: TextRule = {
    pattern: groupNamePattern,
    rule: "must be the name of a group",
    remedy: "write the name as below groups",
};

function readGroupNames(est: Section, groups: readonly GroupSettings[]): string[] {
    const names = est.texts("identityCertificates", groupName);
    names.forEach((name, index) => {
        if (!groups.some((group) => group.name === name)) {
            const path = `${est.pathOf("identityCertificates")}[${index}]`;
            est.report.value(path, name, groupName.rule, "declare it below groups");
        }
    });
    return names;
}

function readBootstrap(
    est: Section,
    groups: readonly GroupSettings[],
    files: Files,
): BootstrapSettings[] {
    const seen: string[] = [];
    return est.list("bootstrap").flatMap((item, index) => {
        const path = `${est.pathOf("bootstrap")}[${index}]`;
        const section = sectionAt(est.report, path, item, "a bootstrap", [
            "group",
            "certificate",
            "secrets",
        ]);
        if (section === undefined) {
            return [];
        }
        const group = section.requiredText("group", groupName);
        if (group !== "" && !groups.some(({ name }) => name === group)) {
            section.bad("group", groupName.rule, "declare it below groups");
        } else if (seen.includes(group)) {
            section.bad("group", "must be listed only once", "put both into one item");
        }
        seen.push(group);
        if (!section.has("certificate") && !section.has("secrets")) {
            section.missing("certificate", "name the manufacturer's CA, or a table of secrets");
        }
        return [
            {
                group,
                authorityPem: section.has("certificate")
                    ? readAuthority(section, files)
                    : undefined,
                secrets: section.has("secrets") ? readSecrets(section, files) : [],
            },
        ];
    });
}

/** The manufacturer's CA: anybody below it gets a first certificate, so it must be a good CA itself. */
function readAuthority(section: Section, files: Files): string | undefined {
    return inspectGivenFile(
        files,
        section.pathOf("certificate"),
        section.raw("certificate"),
        files.folder,
        "put the certificate (PEM) of the CA there that signed the devices' bootstrap certificates",
        (content) => {
            const { facts, findings } = inspectCertificate(content, files.now, true);
            return facts
                ? {
                      facts,
                      findings: [...findings, ...caFindings(facts)],
                      warnings: caWarnings(facts),
                  }
                : { facts, findings };
        },
    )?.pem;
}

function readSecrets(section: Section, { report, folder, ...rest }: Files): OneTimeSecret[] {
    const at = section.pathOf("secrets");
    const name = section.raw("secrets");
    const remedy = `save a table with the header ${columns.join(",")} there`;
    const files = { report, folder, ...rest };
    const content = readGivenFile(files, at, name, folder, secretsLimit, remedy);
    if (content === undefined) {
        return [];
    }
    const file = String(name);
    const isColumn = (text: string): boolean => columns.some((column) => column === text);
    const table = parseTable(content.toString("utf8"), file, isColumn, report);
    const header = table?.header?.cells ?? [];
    if (table === undefined) {
        return [];
    }
    if (table.header === undefined || !columns.every((column) => header.includes(column))) {
        const rule = `must have the columns ${columns.join(", ")}`;
        report.fault(at, `${JSON.stringify(file)} (${header.join(",") || "empty"})`, rule, remedy);
        return [];
    }
    const seen = new Set<string>();
    return table.body.flatMap(({ line, cells }) => {
        const cell = (column: (typeof columns)[number]): string =>
            (cells[header.indexOf(column)] ?? "").trim();
        const secret = {
            device: cell("device"),
            sha256: cell("sha256").toLowerCase(),
            expires: cell("expires"),
        };
        const path = `${file}:${line}`;
        const problem = secretProblem(secret, seen);
        seen.add(secret.device);
        if (problem !== undefined) {
            report.fault(`${path}: ${problem.column}`, problem.value, problem.rule, problem.remedy);
            return [];
        }
        return [{ ...secret, expires: new Date(secret.expires).toISOString() }];
    });
}

interface RowProblem {
    readonly column: string;
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

function secretProblem(
    { device, sha256, expires }: OneTimeSecret,
    seen: ReadonlySet<string>,
): RowProblem | undefined {
    if (!/^[A-Za-z0-9\-.%_*?!(),:=@$']{1,64}$/.test(device)) {
        return {
            column: "device",
            value: JSON.stringify(device),
            rule: "must be a device ID of 1 to 64 letters, digits or - . % _ * ? ! ( ) , : = @ $ '",
            remedy: "correct the ID",
        };
    }
    if (seen.has(device)) {
        return {
            column: "device",
            value: JSON.stringify(device),
            rule: "must be listed only once",
            remedy: "delete one of the two rows",
        };
    }
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
        return {
            column: "sha256",
            // Somebody may have written the secret itself there.
            value: "(not shown)",
            rule: "must be the SHA-256 of the secret: 64 hex digits",
            remedy: "printf %s SECRET | sha256sum",
        };
    }
    if (!/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(expires) || isNaN(Date.parse(expires))) {
        return {
            column: "expires",
            value: JSON.stringify(expires),
            rule: "must be the day, or the time in UTC, until which the secret can be used",
            remedy: "write for example 2027-01-31 or 2027-01-31T12:00:00Z",
        };
    }
    return undefined;
}
