/*
 * The service that gives devices their certificates (EST). For options see scripts/lib/commands.mjs.
 */
import { X509Certificate } from "crypto";
import { readFileSync } from "fs";
import { AuditLog } from "../../est/audit";
import { Metrics } from "../../est/metrics";
import { EstServer, ServerIdentity } from "../../est/server";
import { EstService } from "../../est/service";
import { readUntold } from "../../est/untold";
import { WaitingNotes } from "../../est/waitingNotes";
import { readArguments } from "../../scripts/lib/commands.mjs";
import { ConfigurationError } from "../../stacks/config";
import { CliError } from "../fleet/pulumiCli";
import { chosenStack, StackFileError } from "../stackFiles/planConfig";
import { bundleSource } from "./bundleSource";
import { Environment, KeyFiles, readEnvironment } from "./environment";
import type { Source } from "./source";
import { StatusServer } from "./statusServer";

const settleMilliseconds = 5_000;

/** Refusals and events, as JSON lines on standard error. */
function log(entry: Readonly<Record<string, unknown>>): void {
    process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
}

class Service {
    private readonly metrics = new Metrics();
    private problem: string | undefined;
    private reloading: Promise<void> | undefined;
    private again = false;
    /** End of the service's own certificate. */
    private ends = new Date(0);
    /** What the log has already of the devices' files. */
    private told = new Set<string>();

    private constructor(
        private environment: Environment,
        private readonly source: Source,
    ) {}

    static async start(): Promise<void> {
        const { values } = readArguments("est");
        const source =
            values.bundle === undefined ? stackSource(values) : bundleSource(values.bundle);
        const { audit, waiting } = await openAudit(values.audit);
        const environment = await source.read();
        const own = new Service(environment, source);
        await own.serve(await source.identity(environment), audit, waiting, values);
    }

    private async serve(
        identity: ServerIdentity,
        audit: AuditLog,
        waiting: WaitingNotes,
        values: { readonly listen: string; readonly status: string; readonly reload: string },
    ): Promise<void> {
        const { metrics } = this;
        const service = new EstService({
            policy: () => this.environment.policy,
            signer: {
                holds: (authority) => this.environment.signer.holds(authority),
                sign: (authority, request) => this.environment.signer.sign(authority, request),
            },
            directory: { find: (deviceId) => this.environment.directory.find(deviceId) },
            audit,
            waiting,
            onIssued: (group, by) => metrics.countIssued(group, by),
        });
        const server = new EstServer({ service, metrics, identity, log });
        this.ends = endOf(identity);
        const status = new StatusServer(
            () => metrics.text(this.environment.policy, this.ends, new Date()),
            () => this.problem ?? this.expiry(),
        );
        const { host, port } = address(values.listen);
        const { host: statusHost, port: statusPort } = address(values.status);
        const listening = await server.listen(host, port);
        const statusListening = await status.listen(statusHost, statusPort);
        const reload = (): void => {
            this.reload((renewed) => server.replaceIdentity(renewed));
        };
        const timer = setInterval(reload, Number(values.reload) * 1000);
        let settling: Promise<void> | undefined;
        const notes = setInterval(() => {
            settling ??= service.settle().finally(() => (settling = undefined));
        }, settleMilliseconds);
        const stop = async (): Promise<void> => {
            clearInterval(timer);
            clearInterval(notes);
            status.close();
            await server.close();
            await audit.close();
            log({ event: "stopped" });
            process.exit(0);
        };
        let isStopping = false;
        for (const signal of ["SIGINT", "SIGTERM"] as const) {
            process.on(signal, () => {
                // Asked again, it does not wait for requests.
                if (isStopping) {
                    process.exit(130);
                }
                isStopping = true;
                void stop();
            });
        }
        process.on("SIGHUP", reload);
        this.tellUnusable();
        log({
            event: "started",
            stack: this.environment.stack,
            listen: `${host}:${listening}`,
            status: `${statusHost}:${statusListening}`,
            issuers: this.issuers(),
        });
    }

    /** Reads settings, state and the server's own certificate again; what was read before stays if that fails. */
    private reload(replaceIdentity: (identity: ServerIdentity) => void): void {
        if (this.reloading !== undefined) {
            this.again = true;
            return;
        }
        const read = async (): Promise<void> => {
            try {
                const environment = await this.source.read();
                const identity = await this.source.identity(environment);
                replaceIdentity(identity);
                this.ends = endOf(identity);
                this.environment = environment;
                this.problem = undefined;
                this.tellUnusable();
                log({ event: "reloaded", issuers: this.issuers() });
            } catch (error) {
                this.problem = `the stack could not be read again: ${(error as Error).message}`;
                log({ event: "reloadFailed", cause: this.problem });
            }
        };
        this.reloading = read().then(() => {
            this.reloading = undefined;
            if (this.again) {
                this.again = false;
                this.reload(replaceIdentity);
            }
        });
    }

    /** Clients refuse an expired certificate, and the service hears nothing of it. */
    private expiry(): string | undefined {
        const { ends } = this;
        return ends > new Date()
            ? undefined
            : `the service's own certificate expired on ${ends.toISOString()}: renew it, then SIGHUP`;
    }

    /** Says once of each device's file that it cannot be used, until that changes. */
    private tellUnusable(): void {
        const { unusable } = this.environment;
        const texts = unusable.map((one) => JSON.stringify(one));
        unusable
            .filter((_, index) => !this.told.has(texts[index]))
            .forEach((one) => log({ event: "unusableFile", ...one }));
        this.told = new Set(texts);
    }

    private issuers(): string[] {
        return [...this.environment.policy.groups.values()].map(
            ({ name, issuer }) => issuer?.name ?? `${name} (awaits its CA)`,
        );
    }
}

/** The selected stack, with the server's certificate and key from files. */
function stackSource(values: {
    readonly stack?: string;
    readonly certificate?: string;
    readonly key?: string;
    readonly "ca-key-file": readonly string[];
}): Source {
    const stack = values.stack ?? chosenStack(process.cwd(), undefined).stack;
    const identity = (): ServerIdentity => ({
        cert: readGiven("--certificate", values.certificate ?? ""),
        key: readGiven("--key", values.key ?? ""),
    });
    identity();
    const files: KeyFiles = new Map(
        values["ca-key-file"].map((one) => [
            one.slice(0, one.indexOf("=")),
            one.slice(one.indexOf("=") + 1),
        ]),
    );
    return { read: () => readEnvironment(stack, files), identity: async () => identity() };
}

function endOf({ cert }: ServerIdentity): Date {
    return new Date(new X509Certificate(cert).validTo);
}

/** HOST:PORT, checked with the arguments. */
function address(text: string): { readonly host: string; readonly port: number } {
    const at = text.lastIndexOf(":");
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
}

function readGiven(option: string, file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new StackFileError(
            `${option} ${file}: cannot be read (${code}) — name a PEM file that this user may read`,
        );
    }
}

/** @param file `-`: standard output, which nobody can read again */
async function openAudit(file: string): Promise<{ audit: AuditLog; waiting: WaitingNotes }> {
    if (file === "-") {
        return { audit: AuditLog.toOutput(), waiting: new WaitingNotes() };
    }
    try {
        const audit = await AuditLog.open(file);
        return { audit, waiting: new WaitingNotes(await readUntold(file, new Date())) };
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new StackFileError(
            `--audit ${file}: cannot be read and written (${code ?? message}) — name a file that this user may read and write`,
        );
    }
}

Service.start().catch((error: Error) => {
    const isUsers =
        error instanceof ConfigurationError ||
        error instanceof StackFileError ||
        error instanceof CliError;
    console.error(isUsers ? `error: ${error.message}` : error);
    process.exit(1);
});
