import { createServer, Server } from "http";
import type { AddressInfo } from "net";
import * as path from "path";
import { json } from "stream/consumers";
import { expiring, expiryRules } from "../../cli/expiry/bands";
import { Memory } from "../../cli/expiry/memory";
import { notify } from "../../cli/expiry/notify";
import { Holdings, inventoryOf, readHoldings } from "../../cli/inventory/readInventory";

/** An alert about a certificate, as the webhook got it. */
interface Alert {
    readonly way: Way;
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
    readonly name: string;
    /** Days before the end; 0: it has ended. */
    readonly band: number;
    /** When it arrived, in milliseconds since 1970. */
    readonly at: number;
}

export interface AlertOptions {
    readonly stack: string;
    /** Audit log of the EST service. */
    readonly log: string;
    /** Folder of what the webhook has had. */
    readonly folder: string;
    /** Days that a renewal may be late. */
    readonly graceDays: number;
}

/** With what the EST service says that it issued, and with what hub and twins tell alone. */
const ways = ["issued", "hub"] as const;

type Way = (typeof ways)[number];

interface CommonAlert {
    readonly data: {
        readonly essentials: { readonly alertRule: string };
        readonly alertContext: {
            readonly certificates: readonly {
                readonly name: string;
                readonly sha256Thumbprint: string;
            }[];
        };
    };
}

const day = 24 * 3600 * 1000;

/**
 * What `npm run expiry -- --notify URL` does each morning, with `--issued FILE` and without; the project is in the working
 * directory.
 */
export class DailyAlerts {
    private readonly received: Alert[] = [];
    /** When it was judged, in milliseconds since 1970. */
    private readonly mornings: number[] = [];
    private holdings: Holdings | undefined;
    private readonly memories: Readonly<Record<Way, Memory>>;

    private constructor(
        private readonly options: AlertOptions,
        private readonly server: Server,
    ) {
        const memory = (way: Way) => Memory.read(path.join(options.folder, `alerts-${way}.json`));
        this.memories = { issued: memory("issued"), hub: memory("hub") };
    }

    static async start(options: AlertOptions): Promise<DailyAlerts> {
        const server = createServer((request, response) => {
            void json(request).then((body) => {
                alerts.take((request.url ?? "").slice(1) as Way, body as CommonAlert);
                response.end();
            });
        });
        const alerts = new DailyAlerts(options, server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return alerts;
    }

    private take(way: Way, { data: { essentials, alertContext } }: CommonAlert): void {
        const [, days = 0] = /fewer than (\d+) days/.exec(essentials.alertRule) ?? [];
        for (const { name, sha256Thumbprint: thumbprint } of alertContext.certificates) {
            this.received.push({ way, name, thumbprint, band: Number(days), at: Date.now() });
        }
    }

    /** Reads states, hub and provisioning service again: something may have changed. */
    async read(): Promise<void> {
        const { stack } = this.options;
        this.holdings = await readHoldings({ stack, "state-only": false }, () => undefined);
    }

    async judge(): Promise<void> {
        const now = new Date();
        this.mornings.push(now.getTime());
        for (const way of ways) {
            await this.notify(way, now);
        }
    }

    private async notify(way: Way, now: Date): Promise<void> {
        const { holdings, options } = this;
        if (holdings === undefined) {
            throw new Error("nothing was read");
        }
        const { port } = this.server.address() as AddressInfo;
        const inventory = inventoryOf(holdings, way === "issued" ? [options.log] : [], now);
        const rules = expiryRules(inventory.settings, undefined, options.graceDays);
        const { problems } = await notify(
            inventory,
            expiring(inventory.rows, rules),
            rules.days,
            [`http://127.0.0.1:${port}/${way}`],
            this.memories[way],
            now,
            () => undefined,
        );
        if (problems.length > 0) {
            throw new Error(problems.join("; "));
        }
    }

    /** About all but these. */
    others(names: ReadonlySet<string>): readonly Alert[] {
        return this.received.filter(({ name }) => !names.has(name));
    }

    /**
     * Of a certificate that nothing renews, each band is raised once, on its first morning.
     *
     * @param certificate its SHA-256 thumbprint, and its end in milliseconds since 1970
     * @param bands with the days below which each is raised
     * @returns their number
     * @throws Error when there are others
     */
    check(
        { thumbprint, end }: { readonly thumbprint: string; readonly end: number },
        bands: ReadonlyMap<number, number>,
    ): number {
        const expected = [...bands].map(([band, below]) => {
            const morning = this.mornings.findIndex((at) => Math.floor((end - at) / day) < below);
            return `${band} on day ${morning}`;
        });
        for (const way of ways) {
            const found = this.received
                .filter((one) => one.thumbprint === thumbprint && one.way === way)
                .map(({ band, at }) => {
                    const morning = this.mornings.filter((judged) => judged <= at).length - 1;
                    return `${band} on day ${morning}`;
                });
            if (found.join() !== expected.join()) {
                throw new Error(
                    `alerts of ${thumbprint} (${way}): ${found.join(", ")}; not ${expected.join(", ")}`,
                );
            }
        }
        return ways.length * expected.length;
    }

    end(): void {
        this.server.close();
    }
}
