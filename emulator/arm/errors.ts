import { Clock } from "../core/clock";
import { errorBody, HttpFailure, HttpRequest } from "../core/http";

/** An error of Azure Resource Manager itself: `{"error":{"code","message"}}`. */
export function armFailure(status: number, code: string, message: string): HttpFailure {
    return new HttpFailure({ status, body: errorBody(code, message) });
}

const statusNames: Readonly<Record<number, string>> = {
    400: "BadRequest",
    404: "NotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    500: "InternalServerError",
};

/**
 * An error of the IoT Hub resource provider: `{"code":412001,"httpStatusCode":"PreconditionFailed","message":"…"}`.
 * The code's first three digits are the HTTP status. As recorded in crossplane-contrib/provider-upjet-azure#299 and
 * Azure/azure-iot-sdk-c#1347.
 */
export function iotFailure(
    request: HttpRequest,
    clock: Clock,
    code: number,
    text: string,
): HttpFailure {
    const status = Math.floor(code / 1000);
    const timestamp = clock.date().toISOString().replace("T", " ").replace(/\..*/, "Z");
    const message =
        `${text} If you contact a support representative please include this correlation identifier: ` +
        `${request.id}, timestamp: ${timestamp}, errorcode: IH${code}.`;
    return new HttpFailure({
        status,
        body: { code, httpStatusCode: statusNames[status], message },
    });
}

export function groupNotFound(name: string): HttpFailure {
    return armFailure(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}

export function malformedContent(detail: string): HttpFailure {
    return armFailure(
        400,
        "InvalidRequestContent",
        `The request content was invalid and could not be deserialized: '${detail}'.`,
    );
}
