import { spawnSync } from "child_process";
import { existsSync } from "fs";
import * as path from "path";
import { Engine, readToolchain, repository } from "../../scripts/lib/toolchain";
import { skip } from "./skip";

export type { Engine };

/** The Pulumi CLI and its plugins; without one the test (or, from a hook, its suite) is skipped. */
export function requirePulumi(context: Mocha.Context): Engine {
    const toolchain = readToolchain();
    if (toolchain.cli === null) {
        return skip(context, {
            lacks: "Pulumi CLI",
            why: "no source had one, see `npm run setup`",
        });
    }
    return toolchain;
}

/** The path of `az` as `npm test` found it (AZURE_CLI); without one the test or suite is skipped. */
export function requireAzureCli(context: Mocha.Context): string {
    const az = process.env.AZURE_CLI || path.join(repository, ".local/azure-cli-venv/bin/az");
    if (!existsSync(az)) {
        return skip(context, { lacks: "Azure CLI", why: "see what `scripts/azure-cli.sh` says" });
    }
    return az;
}

/** strongSwan's `pki`; without it the test or suite is skipped. */
export function requireStrongSwan(context: Mocha.Context): void {
    const { error } = spawnSync("pki", ["--help"]);
    if (error !== undefined) {
        skip(context, { lacks: "strongSwan", why: "no pki on PATH (strongswan-pki)" });
    }
}

/**
 * A folder with the `node` of a major version, as `npm test` found it (NODE_VERSIONS, lines of scripts/node-versions.sh);
 * without one the test is skipped. The version that runs is always there.
 */
export function nodeFolder(context: Mocha.Context, major: string): string {
    if (process.versions.node.startsWith(`${major}.`)) {
        return path.dirname(process.execPath);
    }
    const lines = (process.env.NODE_VERSIONS ?? "").split("\n");
    const line = lines.find((one) => one.startsWith(`${major} `));
    return (
        line?.slice(major.length + 1) ??
        skip(context, { lacks: "Node.js version", why: "see what `scripts/node-versions.sh` says" })
    );
}

/** The Python with Azure's SDKs as `npm test` found it (PYTHON_SDKS); without one the test or suite is skipped. */
export function requirePythonSdks(context: Mocha.Context): string {
    const python =
        process.env.PYTHON_SDKS || path.join(repository, ".local/python-sdks-venv/bin/python");
    if (!existsSync(python)) {
        return skip(context, { lacks: "Python", why: "see what `scripts/python-sdks.sh` says" });
    }
    return python;
}
