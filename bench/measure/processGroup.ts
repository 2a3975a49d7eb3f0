import { spawn } from "child_process";
import { readdirSync, readFileSync } from "fs";
import { processRole, Role } from "./roles";

const sampleMilliseconds = 200;
/** Linux counts processor time in these (USER_HZ: proc(5), sysconf(_SC_CLK_TCK)). */
const ticksPerSecond = 100;
const pageBytes = 4096;
const markName = "IOT_X509_BENCH_COMMAND";
/** A command that takes longer hangs. */
const mostMinutes = 40;

/** What is run and measured. */
export interface Command {
    readonly file: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly environment: NodeJS.ProcessEnv;
}

/** What a command took, together with all processes that it started. */
export interface Usage {
    readonly seconds: number;
    /** Highest sum of resident memory of all these processes at one moment, in MB (10^6 bytes). */
    readonly peakMegabytes: number;
    /** Processor time by what the processes are, in seconds of one core; those that live for less than a sample are missed. */
    readonly cpuSeconds: Readonly<Partial<Record<Role, number>>>;
    readonly output: string;
}

/**
 * Runs a command to its end.
 *
 * @throws Error with the end of what it printed, when its status is not 0
 */
export async function runMeasured(command: Command): Promise<Usage> {
    const began = Date.now();
    // All that it starts has this variable, whoever the parent is and whatever session it begins.
    const mark = `${markName}=${process.pid}-${began}`;
    const child = spawn(command.file, command.args, {
        cwd: command.cwd,
        env: { ...command.environment, [markName]: mark.slice(markName.length + 1) },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        timeout: mostMinutes * 60_000,
    });
    const printed: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => printed.push(data));
    child.stderr.on("data", (data: Buffer) => errors.push(data));
    const processes = new Processes(mark);
    const timer = setInterval(() => processes.sample(), sampleMilliseconds);
    const stop = (): void => void child.kill("SIGINT");
    process.once("exit", stop);
    const status = await new Promise<number | string>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => resolve(code ?? signal ?? ""));
    }).finally(() => {
        clearInterval(timer);
        process.off("exit", stop);
    });
    const output = Buffer.concat(printed).toString("utf8");
    if (status !== 0) {
        const text = output + Buffer.concat(errors).toString("utf8");
        const what = [command.file, ...command.args].join(" ");
        throw new Error(`${what}: status ${status}\n${text.slice(-3000)}`);
    }
    return { seconds: (Date.now() - began) / 1000, ...processes.usage, output };
}

interface Member {
    readonly role: Role;
    ticks: number;
}

/** The processes that have one environment variable, watched through /proc. */
class Processes {
    private peakBytes = 0;
    private readonly members = new Map<string, Member>();
    /** Whether processes are of these. */
    private readonly known = new Map<string, boolean>();

    /** @param mark `NAME=value` */
    constructor(private readonly mark: string) {}

    sample(): void {
        let bytes = 0;
        for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
            const stat = readStat(pid);
            if (stat === undefined) {
                continue;
            }
            // A process becomes another program by exec, so its name is a part of the key.
            const key = `${pid} ${stat.started} ${stat.name}`;
            const isMember = this.known.get(key) ?? isMarked(pid, this.mark);
            this.known.set(key, isMember);
            if (!isMember) {
                continue;
            }
            bytes += stat.residentBytes;
            const member = this.members.get(key) ?? {
                role: processRole(commandLine(pid)),
                ticks: 0,
            };
            member.ticks = stat.ticks;
            this.members.set(key, member);
        }
        this.peakBytes = Math.max(this.peakBytes, bytes);
    }

    get usage(): Pick<Usage, "peakMegabytes" | "cpuSeconds"> {
        const cpuSeconds: Partial<Record<Role, number>> = {};
        for (const { role, ticks } of this.members.values()) {
            cpuSeconds[role] = (cpuSeconds[role] ?? 0) + ticks / ticksPerSecond;
        }
        return { peakMegabytes: this.peakBytes / 1e6, cpuSeconds };
    }
}

interface Stat {
    readonly name: string;
    /** User and system time. */
    readonly ticks: number;
    readonly started: string;
    readonly residentBytes: number;
}

/** Undefined when the process has ended. Source: proc(5), /proc/pid/stat. */
function readStat(pid: string): Stat | undefined {
    let text: string;
    try {
        text = readFileSync(`/proc/${pid}/stat`, "utf8");
    } catch {
        return undefined;
    }
    // The name may hold blanks and brackets; after it comes field 3.
    const end = text.lastIndexOf(")");
    const fields = text.slice(end + 2).split(" ");
    const field = (number: number): string => fields[number - 3];
    return {
        name: text.slice(text.indexOf("(") + 1, end),
        ticks: Number(field(14)) + Number(field(15)),
        started: field(22),
        residentBytes: Number(field(24)) * pageBytes,
    };
}

/** Source: proc(5), /proc/pid/environ. */
function isMarked(pid: string, mark: string): boolean {
    try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark);
    } catch {
        return false;
    }
}

function commandLine(pid: string): string {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    } catch {
        return "";
    }
}
