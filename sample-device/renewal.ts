import { X509Certificate } from "crypto";
import { certificateRequest, newKey } from "./certificateRequest";
import type { CredentialFiles, Credentials } from "./credentialFiles";
import { enroll, EstProblem, EstService, Proof } from "./estClient";
import { Refused } from "./hubConnection";

/** Devices that were made together do not renew together: each waits up to this share of its certificate's life longer. */
const spread = 0.05;
/** The longest pause: a share of the certificate's life, at most 12 hours. */
const longestShare = 0.04;
const longestPause = 12 * 3600 * 1000;

export interface RenewalOptions {
    readonly deviceId: string;
    readonly service: EstService;
    /** Share of a certificate's life after which it is renewed, above 0 and below 1. */
    readonly share: number;
    /** The first pause after a failure; each further one is twice as long. */
    readonly pauseSeconds: number;
    /** What the first certificate is asked for with, and one after the end of the present one. */
    readonly bootstrap: Proof | undefined;
}

/** Renews a device's certificate by EST. Its time is that of `Date`. */
export class Renewal {
    private failures = 0;
    private retryAt = 0;

    /** @param say tells a person what happens */
    constructor(
        private readonly files: CredentialFiles,
        private readonly options: RenewalOptions,
        private readonly say: (text: string) => void,
    ) {}

    /**
     * Renews if it is time; what goes wrong is said and tried again later.
     *
     * @param use connects with the new certificate, or else goes back to the present one and rejects
     * @returns whether it renewed
     */
    async renewIfDue(
        present: Credentials,
        use: (renewed: Credentials) => Promise<void>,
    ): Promise<boolean> {
        if (Date.now() < Math.max(dueAt(present, this.options.share), this.retryAt)) {
            return false;
        }
        try {
            await this.take(await this.obtain(present), use);
            return true;
        } catch (error) {
            this.postpone(present, error as Error);
            return false;
        }
    }

    /**
     * Gets the first certificate, or one in place of a certificate that has ended. Waits as long as a later attempt may help.
     *
     * @param use connects with the certificate
     * @throws EstProblem that only a person can change; what `use` throws
     */
    async start(
        ended: Credentials | undefined,
        use: (first: Credentials) => Promise<void>,
    ): Promise<void> {
        for (;;) {
            let obtained: Credentials;
            try {
                obtained = await this.obtain(ended);
            } catch (error) {
                if (!(error instanceof EstProblem) || error.isLasting) {
                    throw error;
                }
                this.postpone(ended, error);
                const pause = this.retryAt - Date.now();
                await new Promise((resolve) => setTimeout(resolve, pause));
                continue;
            }
            return this.take(obtained, use);
        }
    }

    /** The certificate that waits from an earlier attempt, or a new one. */
    private async obtain(present: Credentials | undefined): Promise<Credentials> {
        const waiting = this.files.readNew();
        if (waiting !== undefined && Date.now() < dueAt(waiting, this.options.share)) {
            return waiting;
        }
        const { service, deviceId, bootstrap } = this.options;
        const keyPem = this.files.readNewKey() ?? (await newKey(present?.keyPem));
        this.files.writeNewKey(keyPem);
        const isRenewal =
            present !== undefined && (bootstrap === undefined || Date.now() < endOf(present));
        const proof = isRenewal ? present : bootstrap;
        if (proof === undefined) {
            throw new Error("there is nothing to ask for a first certificate with");
        }
        const request = await certificateRequest(
            deviceId,
            keyPem,
            isRenewal ? present?.chainPem : undefined,
        );
        const chainPem = await enroll(service, proof, request, isRenewal);
        const obtained = { chainPem, keyPem };
        this.files.writeNewCertificate(chainPem);
        if (this.files.readNew() === undefined) {
            this.files.dropNew();
            throw new EstProblem("the EST service certified another key", undefined, false);
        }
        return obtained;
    }

    private async take(
        obtained: Credentials,
        use: (renewed: Credentials) => Promise<void>,
    ): Promise<void> {
        try {
            await use(obtained);
        } catch (error) {
            if (error instanceof Refused) {
                // The next attempt asks for another certificate, with the same key: to the service, that is a repetition.
                this.files.dropNewCertificate();
            }
            throw error;
        }
        this.files.replace();
        this.failures = 0;
        this.retryAt = 0;
        const { issuer, validTo } = new X509Certificate(obtained.chainPem);
        const end = new Date(validTo).toISOString();
        this.say(`its new certificate of ${issuer.split("\n").join(", ")} ends on ${end}`);
    }

    /** As the service says; else twice as long each time. Never longer than half of the life that is left. */
    private postpone(present: Credentials | undefined, error: Error): void {
        const first = this.options.pauseSeconds * 1000;
        const life = present === undefined ? Infinity : endOf(present) - startOf(present);
        const longest = Math.max(first, Math.min(longestPause, life * longestShare));
        const asked = error instanceof EstProblem ? error.retryAfter : undefined;
        const isLasting = error instanceof EstProblem && error.isLasting;
        const grown = Math.min(longest, isLasting ? longest : first * 2 ** this.failures);
        const pause =
            asked === undefined ? grown * (0.75 + Math.random() / 4) : Math.max(1, asked) * 1000;
        const left = present === undefined ? Infinity : endOf(present) - Date.now();
        this.failures++;
        this.retryAt = Date.now() + (left > 2 * first ? Math.min(pause, left / 2) : pause);
        const next = new Date(this.retryAt).toISOString();
        this.say(`no new certificate: ${error.message}; next attempt at ${next}`);
    }
}

/** When a certificate is renewed, in milliseconds since 1970; the same after each start. */
function dueAt(credentials: Credentials, share: number): number {
    const { fingerprint256 } = new X509Certificate(credentials.chainPem);
    const part = parseInt(fingerprint256.replace(/:/g, "").slice(0, 8), 16) / 2 ** 32;
    const start = startOf(credentials);
    const life = endOf(credentials) - start;
    return start + life * Math.min(0.98, share + spread * part);
}

function startOf({ chainPem }: Credentials): number {
    return Date.parse(new X509Certificate(chainPem).validFrom);
}

/** In milliseconds since 1970. */
export function endOf({ chainPem }: Credentials): number {
    return Date.parse(new X509Certificate(chainPem).validTo);
}
