/* The EST service in a process of its own, with devices in memory in place of a hub: what the service itself takes. */
import { devNull } from "os";
import { AuditLog } from "../../est/audit";
import type { FoundDevice } from "../../est/directory";
import { Metrics } from "../../est/metrics";
import type { EstPolicy } from "../../est/policy";
import { EstServer, ServerIdentity } from "../../est/server";
import { EstService } from "../../est/service";
import { WaitingNotes } from "../../est/waitingNotes";
import { KeySigner } from "../../est/signer";

/** What the parent sends first. */
export interface EstStart {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
    readonly identity: ServerIdentity;
    readonly auditFile?: string;
}

process.once("message", (start: EstStart) => {
    void serve(start).then((port) => process.send?.({ port }));
});
process.on("message", (message: string) => {
    if (message === "usage") {
        const { user, system } = process.cpuUsage();
        const megabytes = process.memoryUsage.rss() / 1e6;
        process.send?.({ megabytes, seconds: (user + system) / 1e6 });
    }
});

async function serve({
    certificatePem,
    privateKeyPem,
    identity,
    auditFile = devNull,
}: EstStart): Promise<number> {
    const authority = { name: "load-g1", certificatePem };
    const policy: EstPolicy = {
        groups: new Map([
            [
                "load",
                {
                    name: "load",
                    isBlocked: false,
                    validityDays: 90,
                    renewBeforeDays: 30,
                    isProvisioned: false,
                    hasIdentityCertificates: false,
                    trusted: [authority],
                    issuer: authority,
                    rootPem: certificatePem,
                    bootstrapPem: undefined,
                    secrets: new Map(),
                },
            ],
        ]),
        devices: new Map(),
        subject: { organization: "Contoso" },
        graceDays: 0,
        repeatHours: 24,
    };
    const signer = new KeySigner();
    signer.add(authority, privateKeyPem);
    const metrics = new Metrics();
    const service = new EstService({
        policy: () => policy,
        signer,
        directory: { find: (deviceId) => Promise.resolve(inMemory(deviceId)) },
        audit: await AuditLog.open(auditFile),
        waiting: new WaitingNotes(),
        onIssued: (group, by) => metrics.countIssued(group, by),
    });
    const server = new EstServer({
        service,
        metrics,
        identity,
        log: (entry) => process.stderr.write(`${JSON.stringify(entry)}\n`),
        perAddress: Infinity,
    });
    return server.listen("127.0.0.1", 0);
}

function inMemory(deviceId: string): FoundDevice {
    const record = {
        deviceId,
        status: "enabled" as const,
        authentication: { type: "certificateAuthority" as const },
        tags: {},
    };
    return {
        record,
        mark: (patchOf) => {
            patchOf(record);
            return Promise.resolve();
        },
        authenticate: () => Promise.resolve(),
    };
}
