import { randomUUID } from "crypto";
import { HttpFailure, HttpReply, HttpRequest } from "../core/http";

/**
 * Error codes of the hub's service API with their HTTP status and number.
 * Sources: azure-iot-sdk-csharp `ErrorCode.cs`; Azure docs "IoT Hub error codes". In Azure an unknown hub has no DNS
 * name and so no reply at all; here it is a 404 with the same code.
 */
const codes = {
    GenericBadRequest: [400, 400000],
    InvalidProtocolVersion: [400, 400001],
    ArgumentInvalid: [400, 400004],
    ArgumentNull: [400, 400005],
    IotHubFormatError: [400, 400006],
    DeviceDefinedMultipleTimes: [400, 400011],
    BulkRegistryOperationFailure: [400, 400013],
    IotHubNotFound: [404, 401001],
    IotHubUnauthorizedAccess: [401, 401002],
    IotHubUnauthorized: [401, 401003],
    DeviceMaximumQueueDepthExceeded: [403, 403004],
    OperationNotAvailableInCurrentTier: [403, 403010],
    DeviceNotFound: [404, 404001],
    ModuleNotFound: [404, 404010],
    DeviceNotOnline: [404, 404103],
    DeviceAlreadyExists: [409, 409001],
    PreconditionFailed: [412, 412001],
    MessageTooLarge: [413, 413001],
    ThrottlingBacklogTimeout: [429, 429003],
    ServiceUnavailable: [503, 503001],
    GatewayTimeout: [504, 504101],
} as const;

export type ErrorCode = keyof typeof codes;

/** A rule of the registry that a request broke; the operation (single or bulk) decides how it is reported. */
export class RegistryProblem extends Error {
    constructor(
        readonly code: ErrorCode,
        message: string,
        readonly headers: Readonly<Record<string, string>> = {},
    ) {
        super(message);
    }
}

/** A feature of Azure that is not emulated; becomes a 501. */
export class NotEmulated extends Error {}

/**
 * Shapes of an error body. All three are sent by the real service (recorded sessions of azure-sdk-for-net,
 * `Azure.Iot.Hub.Service`; terraform-provider-iothub, live findings of 2026-08-15):
 * - `message`: `{"Message":"ErrorCode:<code>;<text>","ExceptionMessage":"Tracking ID:…"}`: identities, twins, queries,
 * statistics, authentication, throttling. The default.
 * - `numbered`: `{"errorCode":404010,"message":…,"trackingId":…,"timestampUtc":…}`: modules.
 * - `nested`: the numbered form as a JSON string inside `Message`: direct methods.
 * The header `iothub-errorcode` contains the code's name with each of them.
 */
export type Envelope = "message" | "numbered" | "nested";

/** Creates the reply for a broken rule. */
export function problemReply(
    request: HttpRequest,
    now: Date,
    problem: RegistryProblem,
    envelope: Envelope,
): HttpReply {
    const [status, number] = codes[problem.code];
    return {
        status,
        headers: { "iothub-errorcode": problem.code, ...problem.headers },
        body: body(request, now, problem, envelope, number),
    };
}

function body(
    request: HttpRequest,
    now: Date,
    problem: RegistryProblem,
    envelope: Envelope,
    number: number,
): unknown {
    if (envelope === "message") {
        return {
            Message: `ErrorCode:${problem.code};${problem.message}`,
            ExceptionMessage: `Tracking ID:${trackingId(request.id, now)}`,
        };
    }
    const numbered = {
        errorCode: number,
        message: problem.message,
        trackingId: `${compact(request.id).toUpperCase()}-G2:-TimeStamp:${now.toISOString()}`,
        timestampUtc: now.toISOString(),
    };
    return envelope === "numbered"
        ? numbered
        : { Message: JSON.stringify({ ...numbered, info: null }), ExceptionMessage: "" };
}

/** `<32 hex digits>-G:<gateway>-TimeStamp:MM/dd/yyyy HH:mm:ss`, as the service writes it. */
function trackingId(requestId: string, now: Date): string {
    const [date, time] = now.toISOString().split("T");
    const [year, month, day] = date.split("-");
    return `${compact(requestId)}-G:0-TimeStamp:${month}/${day}/${year} ${time.slice(0, 8)}`;
}

/** The JSON text in the description of AMQP errors and dispositions. */
export function numberedText(code: ErrorCode, message: string, now: Date): string {
    return JSON.stringify({
        errorCode: codes[code][1],
        trackingId: trackingId(randomUUID(), now),
        message,
        timestampUtc: now.toISOString(),
    });
}

function compact(id: string): string {
    return id.replace(/-/g, "");
}

/** A 501 that says what is missing. */
export function notEmulated(request: HttpRequest, what: string): HttpFailure {
    return new HttpFailure({
        status: 501,
        headers: { "iothub-errorcode": "NotImplementedByEmulator" },
        body: {
            Message: `ErrorCode:NotImplementedByEmulator;The local emulator does not implement ${what}. Real Azure may.`,
            ExceptionMessage: `Tracking ID:${compact(request.id)}`,
        },
    });
}
