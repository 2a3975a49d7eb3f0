import { HttpReply } from "../../core/http";
import { permissions, Permission } from "./authorization";
import { Call, isObject, JsonObject, objectOf } from "./call";
import { Enrollments } from "./enrollments";
import { ServiceProblem } from "./errors";

/** The most enrollments in one call (Azure docs: DPS limits). */
const most = 10;

/** In lower case: clients write `updateIfMatchETag` and `updateIfMatchEtag`. */
const modes = ["create", "update", "updateifmatchetag", "delete"] as const;
type Mode = (typeof modes)[number];

type IdName = "registrationId" | "enrollmentGroupId";

/** The kind of enrollment in a bulk call. */
export interface BulkKind {
    /** Member of the body that lists the items. */
    readonly list: "enrollments" | "enrollmentGroups";
    readonly id: IdName;
    readonly remove: Permission;
}

export const bulkEnrollments: BulkKind = {
    list: "enrollments",
    id: "registrationId",
    remove: permissions.deleteEnrollments,
};
export const bulkGroups: BulkKind = {
    list: "enrollmentGroups",
    id: "enrollmentGroupId",
    remove: permissions.deleteGroups,
};

/**
 * `POST /enrollments` and `POST /enrollmentGroups`: items are processed independently; the status is 200 whatever their
 * outcome. As recorded in sessions of azure-sdk-for-python, `update` of an item without an ETag is a conflict, like a
 * PUT without `If-Match`. Each item counts as one operation against the service's limit.
 */
export async function bulk(call: Call, kind: BulkKind): Promise<HttpReply> {
    const body = objectOf(call);
    const mode = readMode(body.mode);
    if (mode === "delete") {
        await call.demand(kind.remove);
    }
    const items = readItems(body[kind.list], kind);
    call.throttle.pass(call.service, items.length - 1);
    const enrollments = new Enrollments(call.context, call.service);
    const errors = items.flatMap((item) => attempt(enrollments, kind.id, mode, item));
    return { status: 200, body: { errors, isSuccessful: errors.length === 0 } };
}

function readMode(given: unknown): Mode {
    const mode = modes.find((one) => one === String(given).toLowerCase());
    if (mode === undefined) {
        const known = "create, update, updateIfMatchETag, delete";
        throw new ServiceProblem("badRequest", `mode must be one of ${known}.`);
    }
    return mode;
}

function readItems(given: unknown, { list, id }: BulkKind): JsonObject[] {
    if (!Array.isArray(given) || given.length === 0) {
        throw new ServiceProblem("badRequest", `${list} must be a non-empty list.`);
    }
    if (given.length > most) {
        throw new ServiceProblem(
            "badRequest",
            `${list} has ${given.length} items; at most ${most} are allowed in one call.`,
        );
    }
    if (!given.every((item) => isObject(item) && typeof item[id] === "string")) {
        throw new ServiceProblem("badRequest", `Each item of ${list} needs a ${id}.`);
    }
    return given as JsonObject[];
}

function attempt(enrollments: Enrollments, idName: IdName, mode: Mode, item: JsonObject): object[] {
    const id = item[idName] as string;
    try {
        perform(enrollments, idName, mode, id, item);
        return [];
    } catch (error) {
        if (error instanceof ServiceProblem) {
            return [{ [idName]: id, errorCode: error.code, errorStatus: error.message }];
        }
        throw error;
    }
}

function perform(
    enrollments: Enrollments,
    idName: IdName,
    mode: Mode,
    id: string,
    item: JsonObject,
): void {
    const isGroup = idName === "enrollmentGroupId";
    const etag = typeof item.etag === "string" && item.etag !== "" ? item.etag : undefined;
    const put = isGroup ? "putGroup" : "putEnrollment";
    if (mode === "create") {
        enrollments[put](id, item, undefined);
        return;
    }
    if (mode === "delete") {
        enrollments[isGroup ? "deleteGroup" : "deleteEnrollment"](id, etag);
        return;
    }
    if (mode === "updateifmatchetag" && etag === undefined) {
        throw new ServiceProblem("badRequest", "updateIfMatchETag needs the etag of each item.");
    }
    enrollments[isGroup ? "group" : "enrollment"](id);
    enrollments[put](id, item, etag);
}
