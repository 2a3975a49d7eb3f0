import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";

const repository = path.resolve(__dirname, "../..");

/** The files of the EST service's image, in a folder, without Docker. */
export interface EstImage {
    readonly folder: string;
    /** The image's entry point, without the arguments that `CMD` gives. */
    readonly entryPoint: readonly string[];
    /** Variables that the image sets. */
    readonly variables: Readonly<Record<string, string>>;
}

interface Lock {
    readonly packages: Readonly<
        Record<string, { readonly dev?: boolean; readonly link?: boolean }>
    >;
}

/** Does what the Dockerfile's last stage does; packages are links to the installed ones. @throws Error for other instructions */
export function makeEstImage(): EstImage {
    const folder = mkdtempSync(path.join(tmpdir(), "est-image-"));
    const text = readFileSync(path.join(repository, "Dockerfile"), "utf8");
    const lines = text.slice(text.lastIndexOf("\nFROM ")).trim().split("\n").slice(1);
    const variables: Record<string, string> = {};
    let entryPoint: readonly string[] = [];
    for (const line of lines) {
        const [instruction, ...words] = line.split(/\s+/);
        if (instruction === "COPY" && words[0].startsWith("--from=")) {
            linkPackages(folder, removedPackages(text));
        } else if (instruction === "COPY") {
            copy(folder, words);
        } else if (instruction === "ENV") {
            const [name, value] = words[0].split("=");
            variables[name] = value;
        } else if (instruction === "ENTRYPOINT") {
            entryPoint = JSON.parse(words.join(" ")) as string[];
        } else if (!/^(#.*|WORKDIR|USER|EXPOSE|CMD)$/.test(instruction)) {
            throw new Error(`an instruction that this test does not know: ${line}`);
        }
    }
    return { folder, entryPoint, variables };
}

/** As `COPY` does: what is in a folder, and files into a target that ends with a slash or is a dot. */
function copy(folder: string, words: readonly string[]): void {
    const target = words[words.length - 1];
    for (const source of words.slice(0, -1)) {
        const isInto = target === "." || target.endsWith("/");
        const place = path.join(folder, target, isInto ? path.basename(source) : "");
        cpSync(path.join(repository, source), place, { recursive: true });
    }
}

function removedPackages(text: string): Set<string> {
    const [, names = ""] = /&& rm -rf (.*)/.exec(text) ?? [];
    return new Set(names.split(/\s+/));
}

/** What `npm ci --omit=dev` installs at the top, but for the packages that the Dockerfile removes. */
function linkPackages(folder: string, removed: ReadonlySet<string>): void {
    const lock = JSON.parse(
        readFileSync(path.join(repository, "package-lock.json"), "utf8"),
    ) as Lock;
    const installed = new Set(
        readdirSync(path.join(repository, "node_modules"), { withFileTypes: true }).flatMap(
            ({ name }) =>
                name.startsWith("@")
                    ? readdirSync(path.join(repository, "node_modules", name)).map((one) =>
                          [`node_modules`, name, one].join("/"),
                      )
                    : [`node_modules/${name}`],
        ),
    );
    for (const [name, { dev, link }] of Object.entries(lock.packages)) {
        if (installed.has(name) && !dev && !link && !removed.has(name)) {
            mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
            symlinkSync(path.join(repository, name), path.join(folder, name));
        }
    }
}

/** Deletes the folder, not what its links point to. */
export function removeEstImage({ folder }: EstImage): void {
    rmSync(folder, { recursive: true, force: true });
}
