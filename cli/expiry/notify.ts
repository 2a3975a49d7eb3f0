import { Inventory } from "../inventory/readInventory";
import { bandText, commonAlert } from "./alert";
import { Expiring } from "./bands";
import { Memory } from "./memory";
import { post } from "./webhook";

/** What each receiver was sent, and what failed. */
export interface Notified {
    readonly sent: number;
    readonly problems: readonly string[];
}

/** Sends each receiver what it has not received yet, one message per band. The next run resends what failed. */
export async function notify(
    { stack, hub }: Pick<Inventory, "stack" | "hub">,
    alerts: readonly Expiring[],
    days: readonly number[],
    receivers: readonly string[],
    memory: Memory,
    now: Date,
    say: (line: string) => void,
): Promise<Notified> {
    const problems: string[] = [];
    let sent = 0;
    for (const address of receivers) {
        for (const band of [...new Set(alerts.map((one) => one.band))]) {
            const isNew = (one: Expiring) => one.band === band && !memory.isSent(address, one);
            const fresh = alerts.filter(isNew);
            if (fresh.length === 0) {
                continue;
            }
            try {
                await post(address, commonAlert(stack, hub, band, fresh, days, now));
            } catch (error) {
                problems.push((error as Error).message);
                break;
            }
            memory.keep(address, fresh, now);
            sent += fresh.length;
            say(
                `sent to ${new URL(address).host}: ${fresh.length} ${bandText(band, fresh.length)}`,
            );
        }
    }
    return { sent, problems };
}
