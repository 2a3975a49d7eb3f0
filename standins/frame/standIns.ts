import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from "fs";
import { homedir } from "os";
import { join } from "path";

/** Present in every launcher that `standins/install.js` writes. */
const marker = /^# (\S+) stand-in of /m;

/** Version of the npm package with that name, which is the version that the SDK asks the engine for. */
export function officialVersion(name: string): string {
    const file = join(__dirname, "..", "..", "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as {
        dependencies: Record<string, string>;
    };
    return manifest.dependencies[`@pulumi/${name}`];
}

/** Names and versions of the stand-ins among the plug-ins of a PULUMI_HOME, e.g. `tls 5.5.1`. */
export function standInsIn(
    pulumiHome = process.env["PULUMI_HOME"] || join(homedir(), ".pulumi"),
): string[] {
    const plugins = join(pulumiHome, "plugins");
    if (!existsSync(plugins)) {
        return [];
    }
    return readdirSync(plugins, { withFileTypes: true })
        .flatMap((entry) => {
            const [, name, version] = /^resource-(.+)-v([^-]+)$/.exec(entry.name) ?? [];
            return entry.isDirectory() && isStandIn(join(plugins, entry.name), name)
                ? [`${name} ${version}`]
                : [];
        })
        .sort();
}

/**
 * Describes the running engine, host and plug-ins, in the words of the set-up that made this PULUMI_HOME; undefined
 * when another engine started this process, or when that cannot be determined.
 */
export function engineThatRuns(pulumiHome = process.env["PULUMI_HOME"]): string | undefined {
    try {
        const file = join(pulumiHome ?? "", "..", "toolchain.json");
        const known = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
        const isSame =
            known["pulumiHome"] === pulumiHome &&
            realpathSync(known["cli"]) === realpathSync(`/proc/${process.ppid}/exe`);
        return isSame ? `Engine: ${known["description"]}` : undefined;
    } catch {
        return undefined;
    }
}

/**
 * Drops a cached schema that is out of date. The engine caches a plug-in's schema as long as the executable is the
 * same; a stand-in's sources can change without it.
 *
 * @param schema the current schema
 */
export function dropStaleSchema(
    name: string,
    schema: string,
    pulumiHome = process.env["PULUMI_HOME"] || join(homedir(), ".pulumi"),
): void {
    const file = join(pulumiHome, "schemas", `${name}-${officialVersion(name)}.json`);
    try {
        if (readFileSync(file, "utf8") !== schema) {
            rmSync(file, { force: true });
        }
    } catch {
        // Nothing is cached.
    }
}

function isStandIn(folder: string, name: string): boolean {
    try {
        return marker.test(readFileSync(join(folder, `pulumi-resource-${name}`), "utf8"));
    } catch {
        return false;
    }
}
