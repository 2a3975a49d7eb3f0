import { execFileSync } from "child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { Deployment } from "./deployment";

const repository = path.resolve(__dirname, "../..");

/** The machine with the root's key: nothing of the key leaves this folder. */
export class OfflineMachine {
    readonly folder = mkdtempSync(path.join(tmpdir(), "iot-x509-offline-"));

    constructor(days: number) {
        this.makeRoot("root", days);
    }

    makeRoot(name: string, days: number): void {
        this.run(
            `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days ${days} ` +
                `-keyout ${name}.key -out ${name}.pem -subj "/O=MyOrg/CN=IoT Root CA" ` +
                "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign",
        );
    }

    /** Runs a line as a person types it into bash. */
    run(line: string): void {
        execFileSync("bash", ["-c", line], { cwd: this.folder, stdio: "pipe" });
    }

    file(name: string): string {
        return path.join(this.folder, name);
    }

    remove(): void {
        rmSync(this.folder, { recursive: true });
    }
}

/** The commands that a run printed for a person to copy. */
export function printedCommands(output: string): string[] {
    return [
        ...output.matchAll(/^\s*((?:openssl|pulumi stack output|pulumi config set) .*?)\s*$/gm),
    ].map(([, command]) => command);
}

/** Runs a printed line in the project's folder, as the person who deploys. */
export function runAtProject(deployment: Deployment, line: string): void {
    const PATH = `${path.join(repository, ".local/bin")}:${process.env.PATH}`;
    execFileSync("bash", ["-c", line], {
        cwd: deployment.project.folder,
        env: { ...deployment.variables, PATH },
        stdio: "pipe",
    });
}

/** Carries a file from the offline machine to the project, where `given` is its name. */
export function carry(deployment: Deployment, machine: OfflineMachine, name: string): string {
    mkdirSync(deployment.project.file("pki"), { recursive: true });
    copyFileSync(machine.file(name), deployment.project.file("pki", name));
    return `pki/${name}`;
}

/** Fetches, signs and names the intermediate that a run asked for, by the commands that it printed. */
export function signAsTold(deployment: Deployment, machine: OfflineMachine, output: string): void {
    const [fetchRequest, sign, name] = printedCommands(output);
    const file = /> (\S+)\.csr$/.exec(fetchRequest)?.[1] ?? "";
    runAtProject(deployment, fetchRequest);
    copyFileSync(deployment.project.file(`${file}.csr`), machine.file(`${file}.csr`));
    machine.run(sign);
    copyFileSync(machine.file(`${file}.pem`), deployment.project.file(`${file}.pem`));
    runAtProject(deployment, name);
}
