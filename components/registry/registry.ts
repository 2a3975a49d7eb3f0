import { AzureAnswer, AzureClient, AzureError, AzureRequest } from "../azure/client";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { stableJson } from "../dynamic/values";
import type { RateLimiter } from "../rateLimit/rateLimiter";

const apiVersion = "2021-04-12";
/** The requested number of rows; the service may send fewer per page. */
const largestPage = 1000;

/** The twin tag in which the program notes whose device it is: `{ stack: "project/stack" }`. */
export const ownerTag = "iotX509";

export type DeviceStatus = "enabled" | "disabled";

/** How a hub recognises a device. Source: Azure docs, iot-hub-devguide-identity-registry. */
export type Authentication =
    | { readonly type: "certificateAuthority" }
    | {
          readonly type: "selfSigned";
          readonly x509Thumbprint: {
              readonly primaryThumbprint: string;
              readonly secondaryThumbprint?: string;
          };
      };

/** A device identity with the tags of its twin. */
export interface DeviceRecord {
    readonly deviceId: string;
    readonly status: DeviceStatus;
    /** At most 128 characters. */
    readonly statusReason?: string;
    readonly authentication: Authentication;
    readonly tags: Readonly<Record<string, unknown>>;
    /** ETag of the identity as it was read; every write changes it. */
    readonly etag?: string;
    /** ETag of the twin as it was read; a write of the identity does not change it. */
    readonly twinEtag?: string;
    /** Fields that a write removes from the device if it omits them; undefined if it has none. */
    readonly edge?: EdgeFields;
}

/** Fields of an IoT Edge device, or of a device below one. Source: REST reference "Devices - Create Or Update Identity". */
export interface EdgeFields {
    readonly capabilities: { readonly iotEdge: boolean };
    /** An IoT Edge device's own scope, which no write may change; otherwise that of its parent. */
    readonly deviceScope?: string;
    /** Scopes of the IoT Edge devices above it. */
    readonly parentScopes?: readonly string[];
}

/** A device as the hub's index shows it, which lags behind the registry. */
export interface SeenDevice {
    readonly device: DeviceRecord;
    /** ISO 8601; undefined: it never connected. */
    readonly lastActivity: string | undefined;
    /** What the device reports about itself. */
    readonly reported: Readonly<Record<string, unknown>>;
}

/** One item of a bulk request; with `ifMatch` it fails when the identity has another ETag (PreconditionFailed). */
export type RegistryOperation =
    | {
          readonly mode: "create" | "update";
          readonly device: DeviceRecord;
          readonly ifMatch?: string;
      }
    | { readonly mode: "delete"; readonly deviceId: string; readonly ifMatch?: string };

/** The hub's error for one failed item. */
export interface ItemError {
    readonly deviceId: string;
    /** e.g. `DeviceAlreadyExists`. */
    readonly code: string;
    readonly message: string;
}

/** IDs of devices, and whether these are all. */
export interface FoundIds {
    readonly devices: readonly string[];
    readonly areAll: boolean;
}

/** The identity registry of one hub, one method per call. Source: azure-rest-api-specs, iothub.json 2021-04-12. */
export class Registry {
    constructor(
        private readonly client: AzureClient,
        private readonly hostName: string,
        private readonly access: DataPlaneAccess,
        /** For queries; each page counts. */
        private readonly queries: RateLimiter,
    ) {}

    /**
     * At most 100 operations. Returns the items that failed; if any did, no document says whether the others have taken
     * effect.
     *
     * @throws AzureError 429 at once: the caller limits the rate of all bulk requests of the hub; 400 when it accepts none
     */
    async bulk(operations: readonly RegistryOperation[]): Promise<readonly ItemError[]> {
        const answer = await this.send({
            method: "POST",
            url: this.url("/devices"),
            body: operations.map(bulkItem),
            expect: [200, 400],
            notRetried: [429],
        });
        const { errors } = (answer.body ?? {}) as { errors?: readonly RawItemError[] | null };
        if (errors === undefined || errors === null) {
            throw bulkRefusal(answer);
        }
        return errors.map((error) => ({
            deviceId: error.deviceId,
            code: String(error.errorCode),
            message: error.errorStatus ?? "",
        }));
    }

    /** Undefined when the device does not exist. One call is enough: the twin also carries the identity's fields. */
    async get(deviceId: string): Promise<DeviceRecord | undefined> {
        const answer = await this.send({
            method: "GET",
            url: this.url(`/twins/${encodeURIComponent(deviceId)}`),
            expect: [200, 404],
        });
        return answer.status === 404 ? undefined : deviceRecord(answer.body as RawTwin);
    }

    /**
     * All devices, from an index that lags behind the registry.
     *
     * @param onPage receives the number of devices read so far
     * @param deviceIds only these, without quotes in them; a query is to stay short, so a few
     */
    async seen(
        onPage: (count: number) => void,
        deviceIds?: readonly string[],
    ): Promise<readonly SeenDevice[]> {
        const list = deviceIds?.map((id) => `'${id}'`).join(", ");
        const condition = list === undefined ? "" : ` WHERE deviceId IN [${list}]`;
        return (await this.query(`SELECT * FROM devices${condition}`, onPage)).map((twin) => ({
            device: deviceRecord(twin),
            lastActivity: activity(twin.lastActivityTime),
            reported: twin.properties?.reported ?? {},
        }));
    }

    /** All devices that a hub recognises by a thumbprint, from an index that lags behind the registry. */
    async selfSigned(): Promise<readonly DeviceRecord[]> {
        return (await this.query("SELECT * FROM devices"))
            .map(deviceRecord)
            .filter(({ authentication }) => authentication.type === "selfSigned");
    }

    /** IDs of all devices without an owner tag, from an index that lags behind the registry. */
    async unowned(): Promise<readonly string[]> {
        return ids(
            await this.query(`SELECT deviceId FROM devices WHERE NOT IS_DEFINED(tags.${ownerTag})`),
        );
    }

    /**
     * IDs of the devices that have another owner tag or none; from the same index.
     *
     * @param mostPages upper bound of the pages read, with 1,000 devices each
     */
    notOwnedBy(owner: string, mostPages: number): Promise<FoundIds> {
        const tag = `tags.${ownerTag}`;
        return this.idsWhere(`NOT IS_DEFINED(${tag}) OR ${tag}.stack != '${owner}'`, mostPages);
    }

    /** As {@link notOwnedBy}, the enabled devices that have the owner's tag. */
    enabledOf(owner: string, mostPages: number): Promise<FoundIds> {
        return this.idsWhere(
            `tags.${ownerTag}.stack = '${owner}' AND status = 'enabled'`,
            mostPages,
        );
    }

    private async idsWhere(condition: string, mostPages: number): Promise<FoundIds> {
        const { rows, areAll } = await this.pages(
            `SELECT deviceId FROM devices WHERE ${condition}`,
            mostPages,
        );
        return { devices: ids(rows), areAll };
    }

    private async query(
        query: string,
        onPage?: (count: number) => void,
    ): Promise<readonly RawTwin[]> {
        return (await this.pages(query, Infinity, onPage)).rows;
    }

    private async pages(
        query: string,
        most: number,
        onPage: (count: number) => void = () => undefined,
    ): Promise<{ readonly rows: readonly RawTwin[]; readonly areAll: boolean }> {
        const rows: RawTwin[] = [];
        let continuation: string | undefined;
        let count = 0;
        do {
            const page = await this.page(query, continuation);
            rows.push(...page.rows);
            onPage(rows.length);
            continuation = page.next;
            count++;
        } while (continuation !== undefined && count < most);
        return { rows, areAll: continuation === undefined };
    }

    /** One page of a query. Source: REST reference "Query - Get Twins". */
    private async page(query: string, continuation?: string): Promise<Page> {
        await this.queries.take(1);
        const answer = await this.send({
            method: "POST",
            url: this.url("/devices/query"),
            body: { query },
            headers: {
                "x-ms-max-item-count": String(largestPage),
                ...(continuation === undefined ? {} : { "x-ms-continuation": continuation }),
            },
            expect: [200],
        });
        return {
            rows: answer.body as readonly RawTwin[],
            next: answer.headers["x-ms-continuation"],
        };
    }

    /**
     * Merges tags into the twin's; null removes a tag.
     *
     * @param etag of the twin; without it, the tags are merged into whatever is there
     * @throws AzureError 412 when the twin has changed since; 404 when there is none
     */
    async patchTags(
        deviceId: string,
        tags: Readonly<Record<string, unknown>>,
        etag?: string,
    ): Promise<void> {
        await this.send({
            method: "PATCH",
            url: this.url(`/twins/${encodeURIComponent(deviceId)}`),
            body: { tags },
            ifMatch: etag === undefined ? "*" : `"${etag}"`,
            expect: [200],
        });
    }

    private send(request: AzureRequest): Promise<AzureAnswer> {
        return this.access.whenGranted(() => this.client.send(request));
    }

    private url(path: string): string {
        return `https://${this.hostName}${path}?api-version=${apiVersion}`;
    }
}

function ids(rows: readonly { readonly deviceId: string }[]): readonly string[] {
    return rows.map(({ deviceId }) => deviceId);
}

/** The refusal of a whole request, in the hub's own words; its bodies have two forms. */
function bulkRefusal({ status, body, headers }: AzureAnswer): AzureError {
    const fields = (typeof body === "object" && body !== null ? body : {}) as RawRefusal;
    const code = headers["iothub-errorcode"] ?? fields.errorCode ?? fields.code;
    const said = String(fields.Message ?? fields.message ?? stableJson(body ?? "no reason given"));
    return new AzureError(
        status,
        code === undefined ? undefined : String(code),
        `bulk request refused: ${status}${code === undefined ? "" : ` ${code}`}: ${said.slice(0, 600)}`,
    );
}

interface Page {
    readonly rows: readonly RawTwin[];
    /** Continuation token of the next page. */
    readonly next: string | undefined;
}

interface RawRefusal {
    readonly Message?: string;
    readonly message?: string;
    readonly errorCode?: string | number;
    readonly code?: string | number;
}

interface RawItemError {
    readonly deviceId: string;
    readonly errorCode: string | number;
    readonly errorStatus?: string;
}

interface RawTwin {
    readonly deviceId: string;
    readonly etag?: string;
    readonly deviceEtag?: string;
    readonly status: DeviceStatus;
    readonly statusReason?: string | null;
    readonly capabilities?: { readonly iotEdge?: boolean } | null;
    /** Omitted, like the next field, if there is none. */
    readonly deviceScope?: string | null;
    readonly parentScopes?: readonly string[] | null;
    readonly authenticationType: string;
    /** Its names start with a capital letter in a twin, and with a small letter in the documents and in an identity. */
    readonly x509Thumbprint?: Readonly<Record<string, string | null>>;
    readonly tags?: Readonly<Record<string, unknown>>;
    readonly lastActivityTime?: string;
    readonly properties?: { readonly reported?: Readonly<Record<string, unknown>> };
}

/** For a device that never connected, the hub returns `0001-01-01T00:00:00Z`. */
function activity(time: string | undefined): string | undefined {
    return time === undefined || time.startsWith("0001-") ? undefined : time;
}

function bulkItem(operation: RegistryOperation): unknown {
    const { mode, ifMatch } = operation;
    const condition =
        ifMatch === undefined
            ? { importMode: mode }
            : { importMode: `${mode}IfMatchETag`, eTag: ifMatch };
    if (operation.mode === "delete") {
        return { id: operation.deviceId, ...condition };
    }
    const { deviceId, status, statusReason, authentication, tags, edge } = operation.device;
    return {
        id: deviceId,
        ...condition,
        status,
        ...(statusReason === undefined ? {} : { statusReason }),
        authentication,
        ...edge,
        ...(operation.mode === "create" ? { tags } : {}),
    };
}

function deviceRecord(twin: RawTwin): DeviceRecord {
    const given = twin.x509Thumbprint ?? {};
    const primaryThumbprint = given.PrimaryThumbprint ?? given.primaryThumbprint ?? "";
    const secondaryThumbprint = given.SecondaryThumbprint ?? given.secondaryThumbprint ?? "";
    const authentication: Authentication =
        twin.authenticationType === "selfSigned"
            ? {
                  type: "selfSigned",
                  x509Thumbprint: {
                      primaryThumbprint,
                      ...(secondaryThumbprint === "" ? {} : { secondaryThumbprint }),
                  },
              }
            : { type: twin.authenticationType as "certificateAuthority" };
    return {
        deviceId: twin.deviceId,
        status: twin.status,
        ...(twin.statusReason ? { statusReason: twin.statusReason } : {}),
        authentication,
        tags: twin.tags ?? {},
        ...(twin.deviceEtag === undefined ? {} : { etag: twin.deviceEtag }),
        ...(twin.etag === undefined ? {} : { twinEtag: twin.etag }),
        ...edgeFields(twin),
    };
}

function edgeFields({
    capabilities,
    deviceScope,
    parentScopes,
}: RawTwin): Pick<DeviceRecord, "edge"> {
    const iotEdge = capabilities?.iotEdge ?? false;
    const hasParents = (parentScopes ?? []).length > 0;
    if (!iotEdge && !deviceScope && !hasParents) {
        return {};
    }
    return {
        edge: {
            capabilities: { iotEdge },
            ...(deviceScope ? { deviceScope } : {}),
            ...(hasParents ? { parentScopes: parentScopes ?? [] } : {}),
        },
    };
}

/** `project/stack` in the device's tag; undefined: no stack claims it. */
export function ownerOf({ tags }: DeviceRecord): string | undefined {
    return (tags[ownerTag] as { readonly stack?: string } | undefined)?.stack;
}
