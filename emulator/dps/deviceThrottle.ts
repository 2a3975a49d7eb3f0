import { EmulatorContext } from "../context";
import { RegistrationRefusal } from "./deviceRefusals";
import { ProvisioningService } from "./model";

interface Window {
    readonly began: number;
    used: number;
}

const registrations = { most: 1000, seconds: 60 };
const polls = { most: 5, seconds: 10 };

/**
 * Limits of the device API: registrations per service, polls per device (Azure docs: includes/iot-dps-limits.md),
 * counted in fixed windows. Off unless the setting `throttling` is on.
 */
export class DeviceThrottle {
    private windows = new Map<string, Window>();

    constructor(private readonly context: Pick<EmulatorContext, "clock" | "settings">) {}

    /** @throws RegistrationRefusal 429 */
    registration(service: ProvisioningService): void {
        const wait = this.count(service.idScope, registrations.most, registrations.seconds);
        if (wait !== undefined) {
            throw RegistrationRefusal.of(
                "registrationsThrottled",
                `more than ${registrations.most} registrations a minute on ${service.name}`,
                wait,
            );
        }
    }

    /** @throws RegistrationRefusal 429 */
    poll(service: ProvisioningService, registrationId: string): void {
        const key = `${service.idScope}/${registrationId.toLowerCase()}`;
        const wait = this.count(key, polls.most, polls.seconds);
        if (wait !== undefined) {
            throw RegistrationRefusal.of(
                "pollingThrottled",
                `"${registrationId}" polled more than ${polls.most} times in ${polls.seconds} seconds`,
                wait,
            );
        }
    }

    /** Counts a request. Returns the seconds until the window ends if it is full. */
    private count(key: string, most: number, seconds: number): number | undefined {
        if (!this.context.settings.throttling) {
            return undefined;
        }
        const now = this.context.clock.now();
        let window = this.windows.get(key);
        if (window === undefined || now < window.began || now >= window.began + seconds * 1000) {
            this.forgetOld(now);
            window = { began: now, used: 0 };
            this.windows.set(key, window);
        }
        if (window.used >= most) {
            return Math.max(1, Math.ceil((window.began + seconds * 1000 - now) / 1000));
        }
        window.used += 1;
        return undefined;
    }

    private forgetOld(now: number): void {
        if (this.windows.size > 10_000) {
            const longest = registrations.seconds * 1000;
            this.windows = new Map(
                [...this.windows].filter(([, one]) => now - one.began < longest),
            );
        }
    }
}
