import { AzureAnswer, AzureClient, AzureError, AzureRequest } from "../azure/client";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { stableJson } from "../dynamic/values";
import type { Pace } from "./pace";

const apiVersion = "2021-04-12";
/** What is asked for; the service may send fewer rows a page. */
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
    /** Of the identity, as it was read; changed by every write. */
    readonly etag?: string;
    /** Of an IoT Edge device: what a write leaves out is taken from it. */
    readonly edge?: { readonly deviceScope: string };
}

/** One item of a bulk request; with `ifMatch` it fails when the identity has another ETag (PreconditionFailed). */
export type RegistryOperation =
    | {
          readonly mode: "create" | "update";
          readonly device: DeviceRecord;
          readonly ifMatch?: string;
      }
    | { readonly mode: "delete"; readonly deviceId: string; readonly ifMatch?: string };

/** What the hub said of one failed item. */
export interface ItemError {
    readonly deviceId: string;
    /** e.g. `DeviceAlreadyExists`. */
    readonly code: string;
    readonly message: string;
}

/** The identity registry of one hub, one method a call. Source: azure-rest-api-specs, iothub.json 2021-04-12. */
export class Registry {
    constructor(
        private readonly client: AzureClient,
        private readonly hostName: string,
        private readonly access: DataPlaneAccess,
        /** Of queries; each page counts. */
        private readonly queries: Pace,
    ) {}

    /**
     * At most 100 operations. Returns the items that failed; the others have taken effect.
     *
     * @throws AzureError 429 at once: the caller paces all bulk requests of the hub; 400 when it takes none of them
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

    /** Undefined when the device does not exist. One call: the twin carries the identity's fields, too. */
    async get(deviceId: string): Promise<DeviceRecord | undefined> {
        const answer = await this.send({
            method: "GET",
            url: this.url(`/twins/${encodeURIComponent(deviceId)}`),
            expect: [200, 404],
        });
        return answer.status === 404 ? undefined : deviceRecord(answer.body as RawTwin);
    }

    /** All devices with this owner tag (`project/stack`), from an index that lags behind the registry. */
    async ownedBy(owner: string): Promise<readonly DeviceRecord[]> {
        const query = `SELECT * FROM devices WHERE tags.${ownerTag}.stack = '${owner}'`;
        return (await this.query(query)).map((row) => deviceRecord(row as RawTwin));
    }

    /** All devices that a hub recognises by a thumbprint, from an index that lags behind the registry. */
    async selfSigned(): Promise<readonly DeviceRecord[]> {
        const rows = await this.query("SELECT * FROM devices");
        return rows
            .map((row) => deviceRecord(row as RawTwin))
            .filter(({ authentication }) => authentication.type === "selfSigned");
    }

    /** IDs of all devices without an owner tag, from an index that lags behind the registry. */
    async unowned(): Promise<readonly string[]> {
        const rows = await this.query(
            `SELECT deviceId FROM devices WHERE NOT IS_DEFINED(tags.${ownerTag})`,
        );
        return rows.map((row) => (row as { deviceId: string }).deviceId);
    }

    /** IDs of the devices that have another owner tag or none, the first 1,000; from the same index. */
    async notOwnedBy(owner: string): Promise<readonly string[]> {
        const tag = `tags.${ownerTag}`;
        const rows = await this.page(
            `SELECT deviceId FROM devices WHERE NOT IS_DEFINED(${tag}) OR ${tag}.stack != '${owner}'`,
        );
        return rows.map((row) => (row as { deviceId: string }).deviceId);
    }

    private async page(query: string): Promise<readonly unknown[]> {
        await this.queries.take(1);
        const answer = await this.send({
            method: "POST",
            url: this.url("/devices/query"),
            body: { query },
            headers: { "x-ms-max-item-count": String(largestPage) },
            expect: [200],
        });
        return answer.body as unknown[];
    }

    /** How many devices the hub has, from the registry itself and from the index that queries read. */
    async counts(): Promise<{ readonly registry: number; readonly index: number }> {
        const statistics = await this.send({
            method: "GET",
            url: this.url("/statistics/devices"),
            expect: [200],
        });
        const rows = await this.query("SELECT COUNT() AS total FROM devices");
        const { totalDeviceCount } = statistics.body as { totalDeviceCount: number };
        return { registry: totalDeviceCount, index: (rows[0] as { total: number }).total };
    }

    /** All rows, page by page. Source: REST reference "Query - Get Twins". */
    private async query(query: string): Promise<readonly unknown[]> {
        const rows: unknown[] = [];
        let continuation: string | undefined;
        do {
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
            rows.push(...(answer.body as unknown[]));
            continuation = answer.headers["x-ms-continuation"];
        } while (continuation !== undefined);
        return rows;
    }

    /** Merges tags into the twin's; null removes one. */
    async patchTags(deviceId: string, tags: Readonly<Record<string, unknown>>): Promise<void> {
        await this.send({
            method: "PATCH",
            url: this.url(`/twins/${encodeURIComponent(deviceId)}`),
            body: { tags },
            ifMatch: "*",
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

/** Of a request as a whole, in the hub's own words; its bodies have two forms. */
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
    readonly deviceEtag?: string;
    readonly status: DeviceStatus;
    readonly statusReason?: string | null;
    readonly capabilities?: { readonly iotEdge?: boolean };
    readonly deviceScope?: string;
    readonly authenticationType: string;
    /** Its names begin with a capital in a twin, and with a small letter in the documents and in an identity. */
    readonly x509Thumbprint?: Readonly<Record<string, string | null>>;
    readonly tags?: Readonly<Record<string, unknown>>;
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
        ...(edge === undefined ? {} : { capabilities: { iotEdge: true }, ...edge }),
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
        ...(twin.capabilities?.iotEdge ? { edge: { deviceScope: twin.deviceScope ?? "" } } : {}),
    };
}

/** `project/stack` in the device's tag; undefined: nobody claims it. */
export function ownerOf({ tags }: DeviceRecord): string | undefined {
    return (tags[ownerTag] as { readonly stack?: string } | undefined)?.stack;
}
