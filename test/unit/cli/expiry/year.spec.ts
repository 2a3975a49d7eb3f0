import { strict as assert } from "assert";
import { mkdtempSync, rmSync } from "fs";
import { createServer, IncomingMessage, Server, ServerResponse } from "http";
import { AddressInfo } from "net";
import { tmpdir } from "os";
import * as path from "path";
import { json } from "stream/consumers";
import { expiring, ExpiryRules } from "../../../../cli/expiry/bands";
import { Memory } from "../../../../cli/expiry/memory";
import { notify } from "../../../../cli/expiry/notify";
import { HubDevice } from "../../../../cli/inventory/azureView";
import { certificateText } from "../../../../cli/inventory/certificateText";
import { HeldCertificates } from "../../../../cli/inventory/heldCertificates";
import { inventoryRows } from "../../../../cli/inventory/inventory";
import { issue, Issued, makeCa } from "../../../support/pki";

const dayLength = 24 * 3600 * 1000;
const start = Date.parse("2027-01-01T00:00:00Z");
/** The job runs at six in the morning; whatever renews, does so before. */
const runAt = 0.25;
const lastDay = 400;
const bands = [30, 14, 7];
const grace = 1;
const renewBefore = 30;
/** Days on which the receiver takes nothing. */
const isDown = (day: number) => day % 9 === 4 || (day >= 200 && day < 203);

/** One certificate in the year, in days since its start. */
interface Life {
    readonly name: string;
    readonly certificate: Issued;
    readonly from: number;
    readonly end: number;
    /** Whether something renews it. */
    readonly isRenewed: boolean;
    /** The day on which another one takes its place; Infinity: none. */
    until: number;
}

/** Who renews, and on which days. */
interface Holder {
    readonly name: string;
    /** `ca`: nobody renews it; `up`: the state knows; `est`: the device renews, and reports what it has. */
    readonly kind: "ca" | "up" | "est";
    readonly validity: number;
    readonly firstDay: number;
    isOn(day: number): boolean;
    /** Days left from which it is renewed on a day on which renewals are on. */
    readonly renewsAt: number;
}

const always = () => true;
const never = () => false;
const holders: readonly Holder[] = [
    { name: "root", kind: "ca", validity: 395.5, firstDay: 0, isOn: never, renewsAt: 0 },
    { name: "valves-g1", kind: "ca", validity: 330.3, firstDay: 0, isOn: never, renewsAt: 0 },
    ...[0, 7, 31, 44].map((firstDay, index): Holder => ({
        name: `steady-${index}`,
        kind: "up",
        validity: 90,
        firstDay,
        isOn: always,
        renewsAt: 30,
    })),
    ...[3, 20, 55].map((firstDay, index): Holder => ({
        name: `stops-${index}`,
        kind: "up",
        validity: 90,
        firstDay,
        isOn: (day) => day < 100 + 20 * index || day > 250,
        renewsAt: 30,
    })),
    ...[1, 12].map((firstDay, index): Holder => ({
        name: `late-${index}`,
        kind: "up",
        validity: 60,
        firstDay,
        isOn: (day) => day % 45 < 2,
        renewsAt: 30,
    })),
    ...[0, 9].map((firstDay, index): Holder => ({
        name: `itself-${index}`,
        kind: "est",
        validity: 90,
        firstDay,
        isOn: (day) => index === 0 || day < 150 || day > 300,
        renewsAt: 29 - 4 * index,
    })),
    { name: "dead", kind: "up", validity: 90, firstDay: 5, isOn: never, renewsAt: 30 },
];

/**
 * What must be sent, and on which day: from docs/inventory.md, by the days on which each certificate enters and leaves a band,
 * not by looking at each day.
 */
function expected(lives: readonly Life[]): string[] {
    return lives.flatMap(({ certificate, from, end, until, isRenewed }) => {
        /** The first run at which fewer than so many full days are left. */
        const below = (days: number) => Math.floor(end - runAt - days) + 1;
        const cap = isRenewed ? renewBefore - grace : Infinity;
        const stays: [band: number, enters: number, leaves: number][] = [
            [30, below(Math.min(30, cap)), below(14)],
            [14, below(Math.min(14, cap)), below(7)],
            [7, below(Math.min(7, cap)), below(0)],
            [0, below(0), Infinity],
        ];
        return stays.flatMap(([band, enters, leaves]) => {
            let sent = Math.max(enters, from, 0);
            while (isDown(sent)) {
                sent++;
            }
            return sent < Math.min(leaves, until, lastDay)
                ? [`${certificate.thumbprint256} ${band} on day ${sent}`]
                : [];
        });
    });
}

/** The year as it comes: who has which certificate on which day. */
async function livesOf(ca: Issued): Promise<Life[]> {
    const all: Life[] = [];
    for (const holder of holders) {
        const { name, kind, validity, firstDay } = holder;
        const next = async (from: number): Promise<Life> => {
            const end = from + validity;
            const dates = {
                notBefore: new Date(start + from * dayLength),
                notAfter: new Date(start + end * dayLength),
            };
            const certificate = await issue(ca, { commonName: name, ...dates });
            return { name, certificate, from, end, isRenewed: kind !== "ca", until: Infinity };
        };
        // The first one was there before the year began.
        let present = await next(firstDay - 50);
        all.push(present);
        for (let day = 0; day < lastDay; day++) {
            if (holder.isOn(day) && present.end - day <= holder.renewsAt) {
                present.until = day;
                present = await next(day);
                all.push(present);
            }
        }
    }
    return all;
}

describe("400 days of npm run expiry with a webhook", function () {
    this.timeout(120_000);
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-year-"));
    const taken: string[] = [];
    let server: Server;
    let address: string;
    let day = 0;

    before(async () => {
        const answer = async (request: IncomingMessage, response: ServerResponse) => {
            const { data } = (await json(request)) as {
                data: {
                    alertContext: {
                        certificates: { sha256Thumbprint: string; daysLeft: number }[];
                    };
                };
            };
            if (isDown(day)) {
                response.writeHead(404).end();
                return;
            }
            for (const { sha256Thumbprint, daysLeft } of data.alertContext.certificates) {
                const band = [0, 7, 14, 30].find((one) => daysLeft < one);
                taken.push(`${sha256Thumbprint} ${band} on day ${day}`);
            }
            response.end();
        };
        server = createServer((request, response) => void answer(request, response));
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    });

    after(() => {
        server.close();
        rmSync(folder, { recursive: true });
    });

    /** What state and hub have on a day. */
    function knownOn(
        lives: readonly Life[],
        issuer: Issued,
    ): {
        held: HeldCertificates;
        devices: HubDevice[];
    } {
        const present = lives.filter(({ from, until }) => from <= day && day < until);
        const kindOf = new Map(holders.map(({ name, kind }) => [name, kind]));
        const first = (name: string) => lives.find((one) => one.name === name) as Life;
        const authorities = [
            { name: "pumps-g1", certificate: issuer },
            ...present.filter(({ name }) => kindOf.get(name) === "ca"),
        ].map(({ name, certificate }) => ({
            ...certificateText(certificate.certificate),
            name,
            group: name === "root" ? null : name.slice(0, -3),
            generation: 1,
            source: "state" as const,
        }));
        const devices = present.filter(({ name }) => kindOf.get(name) !== "ca");
        return {
            held: {
                authorities,
                devices: devices.map((one) => ({
                    id: one.name,
                    group: "pumps",
                    // No state learns of a renewal by EST.
                    certificate: certificateText(
                        (kindOf.get(one.name) === "est" ? first(one.name) : one).certificate
                            .certificate,
                    ),
                    generation: 1,
                    former: [],
                })),
                hub: undefined,
                service: undefined,
            },
            devices: devices.map(({ name, certificate: { thumbprint256, x509 } }) => ({
                device: {
                    deviceId: name,
                    status: "enabled",
                    authentication: { type: "certificateAuthority" },
                    tags: {},
                },
                hub: "prod.azure-devices.net",
                lastActivity: undefined,
                reported:
                    kindOf.get(name) === "est"
                        ? {
                              certificate: {
                                  thumbprint: thumbprint256,
                                  issuer: x509.issuer.replace(/\n/g, ", "),
                                  notAfter: new Date(x509.validTo).toISOString(),
                              },
                          }
                        : {},
            })),
        };
    }

    it("send for each certificate exactly its alerts, on their days, none twice, none after it was renewed", async () => {
        const ca = await makeCa({
            commonName: "IoT Intermediate CA pumps G1",
            notAfter: new Date(start + 2000 * dayLength),
        });
        const lives = await livesOf(ca);
        const rules: ExpiryRules = {
            days: bands,
            grace,
            renewBeforeDays: new Map([["pumps", renewBefore]]),
            disabled: new Set(),
        };
        const file = path.join(folder, "memory.json");
        let failed = 0;
        for (day = 0; day < lastDay; day++) {
            const now = new Date(start + (day + runAt) * dayLength);
            const { held, devices } = knownOn(lives, ca);
            const azure = { trusted: [], devices, registered: new Map() };
            const rows = inventoryRows({ held, configured: [], azure, now });
            const found = expiring(rows, rules);
            const memory = Memory.read(file);
            const hub = { stack: "prod", hub: "prod.azure-devices.net" };
            const say = () => undefined;
            const { problems } = await notify(hub, found, bands, [address], memory, now, say);
            failed += problems.length;
        }
        const wanted = expected(lives);
        assert.deepEqual([...taken].sort(), [...wanted].sort());
        const of = (prefix: string) =>
            lives
                .filter(({ name }) => name.startsWith(prefix))
                .flatMap(({ certificate }) =>
                    taken.filter((one) => one.startsWith(certificate.thumbprint256)),
                );
        assert.deepEqual(of("steady"), [], "what is renewed on time");
        assert.deepEqual(of("itself-0"), [], "what a device renews on time");
        assert.ok(of("itself-1").length >= 4, "a device that stopped renewing");
        assert.equal(of("dead").length, 4);
        assert.ok(failed > 5 && of("late").length > 5 && of("stops").length > 10);
    });
});
