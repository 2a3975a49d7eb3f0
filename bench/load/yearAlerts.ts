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

interface CommonAlert {
    readonly data: {
        readonly essentials: { readonly alertRule: string };
        readonly alertContext: { readonly certificates: readonly { readonly name: string }[] };
    };
}

const day = 24 * 3600 * 1000;

/** What `npm run expiry -- --issued FILE --notify URL` does each morning; the project is in the working directory. */
export class DailyAlerts {
    private readonly received: Alert[] = [];
    /** When it was judged, in milliseconds since 1970. */
    private readonly mornings: number[] = [];
    private holdings: Holdings | undefined;
    private readonly memory: Memory;

    private constructor(
        private readonly options: AlertOptions,
        private readonly server: Server,
    ) {
        this.memory = Memory.read(path.join(options.folder, "alerts.json"));
    }

    static async start(options: AlertOptions): Promise<DailyAlerts> {
        const server = createServer((request, response) => {
            void json(request).then((body) => {
                alerts.take(body as CommonAlert);
                response.end();
            });
        });
        const alerts = new DailyAlerts(options, server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return alerts;
    }

    private take({ data: { essentials, alertContext } }: CommonAlert): void {
        const [, days = 0] = /fewer than (\d+) days/.exec(essentials.alertRule) ?? [];
        for (const { name } of alertContext.certificates) {
            this.received.push({ name, band: Number(days), at: Date.now() });
        }
    }

    /** Reads states, hub and provisioning service again: something may have changed. */
    async read(): Promise<void> {
        const { stack } = this.options;
        this.holdings = await readHoldings({ stack, "state-only": false }, () => undefined);
    }

    async judge(): Promise<void> {
        const { holdings, options } = this;
        if (holdings === undefined) {
            throw new Error("nothing was read");
        }
        const now = new Date();
        this.mornings.push(now.getTime());
        const { port } = this.server.address() as AddressInfo;
        const inventory = inventoryOf(holdings, [options.log], now);
        const rules = expiryRules(inventory.settings, undefined, options.graceDays);
        const { problems } = await notify(
            inventory,
            expiring(inventory.rows, rules),
            rules.days,
            [`http://127.0.0.1:${port}`],
            this.memory,
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
     * @param end of the certificate, in milliseconds since 1970
     * @param bands with the days below which each is raised
     * @returns their number
     * @throws Error when there are others
     */
    check(name: string, end: number, bands: ReadonlyMap<number, number>): number {
        const expected = [...bands].map(([band, below]) => {
            const morning = this.mornings.findIndex((at) => Math.floor((end - at) / day) < below);
            return `${band} on day ${morning}`;
        });
        const found = this.received
            .filter((one) => one.name === name)
            .map(({ band, at }) => {
                const morning = this.mornings.filter((judged) => judged <= at).length - 1;
                return `${band} on day ${morning}`;
            });
        if (found.join() !== expected.join()) {
            throw new Error(`alerts of ${name}: ${found.join(", ")}; not ${expected.join(", ")}`);
        }
        return found.length;
    }

    end(): void {
        this.server.close();
    }
}
