/** Why a request is refused, and the HTTP status. The names appear in logs and metrics. */
const refusals = {
    awaitsCa: 202,
    badRequest: 400,
    badSignature: 400,
    weakKey: 400,
    noCredentials: 401,
    wrongSecret: 401,
    secretExpired: 401,
    bootstrapUsed: 403,
    untrustedIssuer: 403,
    wrongGroup: 403,
    notForClients: 403,
    notYetValid: 403,
    expired: 403,
    otherName: 403,
    groupBlocked: 403,
    deviceUnknown: 403,
    deviceDisabled: 403,
    wrongKind: 403,
    notRegistered: 403,
    alreadyRenewed: 403,
    tooEarly: 403,
    unknownPath: 404,
    unknownGroup: 404,
    wrongMethod: 405,
    tooSlow: 408,
    tooLarge: 413,
    wrongType: 415,
    tooMany: 429,
    failed: 500,
    hubUnavailable: 503,
    caExpired: 503,
} as const;

export type RefusalReason = keyof typeof refusals;

/** A request that is not served. The message is for the log and never contains a secret. */
export class Refusal extends Error {
    readonly status: number;

    /** @param retryAfter seconds until another attempt makes sense */
    constructor(
        readonly reason: RefusalReason,
        detail: string,
        readonly retryAfter?: number,
    ) {
        super(detail);
        this.status = refusals[reason];
    }
}
