import { HttpFailure, HttpReply, HttpRequest } from "../../core/http";

/**
 * Error codes of the service API; the first three digits are the HTTP status.
 * Sources: recorded sessions of azure-sdk-for-python, `azure-iot-deviceprovisioning` (409201, 409202 and their texts);
 * MicrosoftDocs/azure-docs issue 57082 (404201, 404202); Azure/azure-iot-sdk-node issue 679 (401002). The other codes,
 * and texts that no source quotes, follow the same pattern.
 */
const codes = {
    badRequest: 400004,
    apiVersion: 400001,
    unauthorized: 401002,
    notPermitted: 401003,
    quota: 403202,
    serviceNotFound: 404000,
    enrollmentNotFound: 404201,
    groupNotFound: 404202,
    registrationNotFound: 404203,
    enrollmentExists: 409201,
    groupExists: 409202,
    certificateTaken: 409203,
    preconditionFailed: 412001,
    throttled: 429001,
} as const;

export type ProblemName = keyof typeof codes;

/** A rule that a request broke; becomes the reply to a single request, or an entry in the list of a bulk request. */
export class ServiceProblem extends Error {
    readonly code: number;

    constructor(
        name: ProblemName,
        message: string,
        readonly headers: Readonly<Record<string, string>> = {},
    ) {
        super(message);
        this.code = codes[name];
    }
}

/** `{"errorCode","trackingId","message","timestampUtc"}`. */
export function problemReply(request: HttpRequest, now: Date, problem: ServiceProblem): HttpReply {
    return {
        status: Math.floor(problem.code / 1000),
        headers: problem.headers,
        body: {
            errorCode: problem.code,
            trackingId: request.id,
            message: problem.message,
            timestampUtc: now.toISOString(),
        },
    };
}

/** A feature of Azure that is not emulated; becomes a 501 that says so. */
export class NotEmulated extends Error {}

export function notEmulated(request: HttpRequest, now: Date, problem: NotEmulated): HttpFailure {
    return new HttpFailure({
        status: 501,
        body: {
            errorCode: 501000,
            trackingId: request.id,
            message: `The local emulator does not implement ${problem.message}. Real Azure may.`,
            timestampUtc: now.toISOString(),
        },
    });
}
