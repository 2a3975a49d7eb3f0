import { setTimeout as sleep } from "timers/promises";
import { AzureAnswer, AzureClient, AzureError, AzureRequest } from "../azure/client";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { nameList } from "../dynamic/nameList";
import { classicHostName } from "../iothub/hostName";
import {
    Attestation,
    EnrollmentPolicy,
    present,
    PresentEnrollment,
    rawAttestation,
    RawEnrollment,
    rawPolicy,
} from "./enrollmentBody";

export type {
    Attestation,
    CertificateNames,
    EnrollmentPolicy,
    PresentEnrollment,
} from "./enrollmentBody";

const apiVersion = "2021-10-01";
/** An assignment in progress ends within seconds. */
const assigningSeconds = 60;

/** `group`: all devices under a CA; `individual`: one device by its own certificate. */
export type EnrollmentKind = "group" | "individual";

/** A device that registered. */
export interface RegisteredDevice {
    readonly deviceId: string;
    /** Classic host name. */
    readonly assignedHub: string;
}

/** The group through which a device registered. */
export interface GroupRegistration {
    readonly group: string;
    /** Host name. */
    readonly assignedHub: string;
}

/** The service API of one provisioning service, one method per call. Source: azure-rest-api-specs, DPS service 2021-10-01. */
export class Enrollments {
    private isETagQuoted = false;

    constructor(
        private readonly client: AzureClient,
        private readonly hostName: string,
        private readonly access: DataPlaneAccess,
    ) {}

    /** Undefined when there is none. */
    async get(kind: EnrollmentKind, id: string): Promise<PresentEnrollment | undefined> {
        const answer = await this.send({
            method: "GET",
            url: this.url(path(kind, id)),
            expect: [200, 404],
        });
        return answer.status === 404 ? undefined : present(answer.body as RawEnrollment);
    }

    /** Creates it or, with the ETag of the present one, replaces it as a whole. */
    async put(
        kind: EnrollmentKind,
        id: string,
        attestation: Attestation,
        policy: EnrollmentPolicy,
        etag?: string,
    ): Promise<void> {
        const name =
            kind === "group" ? { enrollmentGroupId: id } : { registrationId: id.toLowerCase() };
        const request: AzureRequest = {
            method: "PUT",
            url: this.url(path(kind, id)),
            body: { ...name, ...rawAttestation(attestation), ...rawPolicy(policy, etag) },
            expect: [200, 201],
        };
        await this.sendIfMatch(request, etag);
    }

    /**
     * Succeeds if it is already gone.
     *
     * @param etag of the present one, if only that one may be deleted
     * @throws AzureError 412 when another one has replaced it
     */
    async delete(kind: EnrollmentKind, id: string, etag?: string): Promise<void> {
        const request: AzureRequest = {
            method: "DELETE",
            url: this.url(path(kind, id)),
            expect: [200, 204, 404],
        };
        await this.sendIfMatch(request, etag);
    }

    /** All individual enrollments, by registration ID in lower case: the service ignores case. */
    async individuals(): Promise<ReadonlyMap<string, PresentEnrollment>> {
        const rows = await this.query<RawEnrollment>("/enrollments/query");
        return new Map(rows.map((row) => [(row.registrationId ?? "").toLowerCase(), present(row)]));
    }

    /** IDs of all enrollment groups, enabled or not. */
    async groups(): Promise<string[]> {
        const rows = await this.query<{ readonly enrollmentGroupId: string }>(
            "/enrollmentGroups/query",
        );
        return rows.map(({ enrollmentGroupId }) => enrollmentGroupId);
    }

    /** All devices that a group assigned to a hub, by device ID, with the group and the hub's host name. */
    async registeredByGroup(): Promise<ReadonlyMap<string, GroupRegistration>> {
        const found = new Map<string, GroupRegistration>();
        for (const group of await this.groups()) {
            for (const { deviceId, assignedHub } of await this.registered(group)) {
                found.set(deviceId, { group, assignedHub });
            }
        }
        return found;
    }

    /**
     * All devices that are assigned to a hub, through whichever enrollment.
     *
     * @param isSettled waits until no registration is in progress
     * @throws Error naming the devices whose registration does not end
     */
    async allRegistered(isSettled: boolean): Promise<RegisteredDevice[]> {
        const found = new Map<string, RegisteredDevice>();
        for (const id of await this.groups()) {
            const devices = await (isSettled ? this.settled(id) : this.registered(id));
            devices.forEach((one) => found.set(one.deviceId.toLowerCase(), one));
        }
        for (const id of (await this.individuals()).keys()) {
            const device = await (isSettled ? this.settledRegistration(id) : this.registration(id));
            if (device !== undefined) {
                found.set(id, device);
            }
        }
        return [...found.values()];
    }

    /** Deletes a device's registration; its enrollment stays. Succeeds if the registration is already gone. */
    async deleteRegistration(id: string): Promise<void> {
        await this.send({
            method: "DELETE",
            url: this.url(`/registrations/${encodeURIComponent(id.toLowerCase())}`),
            expect: [200, 204, 404],
        });
    }

    /** The devices that a group assigned to a hub. */
    async registered(groupId: string): Promise<RegisteredDevice[]> {
        return (await this.registrations(groupId)).flatMap(registeredDevice);
    }

    /**
     * As {@link registered}, once no registration is in progress: one that began before its enrollment was disabled still
     * succeeds.
     *
     * @throws Error naming the devices whose registration does not end
     */
    async settled(groupId: string): Promise<RegisteredDevice[]> {
        const states = await ended(() => this.registrations(groupId));
        return states.flatMap(registeredDevice);
    }

    /** A device's registration; undefined if it has none, or was assigned to no hub. */
    async registration(id: string): Promise<RegisteredDevice | undefined> {
        return registeredDevice(await this.rawRegistration(id))[0];
    }

    /** As {@link registration}, once no registration is in progress. */
    async settledRegistration(id: string): Promise<RegisteredDevice | undefined> {
        const [state] = await ended(async () => [
            { registrationId: id, ...(await this.rawRegistration(id)) },
        ]);
        return registeredDevice(state)[0];
    }

    private registrations(groupId: string): Promise<RawRegistration[]> {
        return this.query(`/registrations/${encodeURIComponent(groupId)}/query`);
    }

    private async rawRegistration(id: string): Promise<RawRegistration> {
        const answer = await this.send({
            method: "GET",
            url: this.url(`/registrations/${encodeURIComponent(id.toLowerCase())}`),
            expect: [200, 404],
        });
        return answer.status === 404 ? {} : ((answer.body ?? {}) as RawRegistration);
    }

    /** All items, page by page; empty if the queried object does not exist. */
    private async query<T>(route: string): Promise<T[]> {
        const items: T[] = [];
        let continuation: string | undefined;
        do {
            const answer: AzureAnswer = await this.send({
                method: "POST",
                url: this.url(route),
                body: { query: "SELECT *" },
                headers: continuation === undefined ? {} : { "x-ms-continuation": continuation },
                expect: [200, 404],
            });
            items.push(...(answer.status === 404 ? [] : (answer.body as T[])));
            continuation = answer.headers["x-ms-continuation"];
        } while (continuation !== undefined);
        return items;
    }

    /**
     * No document says whether the service takes an ETag in quotes, as RFC 9110 writes it, or as it appears in a body, which
     * is how Azure's SDK and CLI send it. If one form is refused, the other is sent.
     */
    private async sendIfMatch(request: AzureRequest, etag: string | undefined): Promise<void> {
        if (etag === undefined) {
            await this.send(request);
            return;
        }
        const send = (isQuoted: boolean) =>
            this.send({ ...request, ifMatch: isQuoted ? `"${etag}"` : etag });
        const isQuoted = this.isETagQuoted;
        try {
            await send(isQuoted);
        } catch (error) {
            if (!isTagRefused(error)) {
                throw error;
            }
            await send(!isQuoted).catch((other: unknown) => {
                // The wrong form is a bad request; the right one reveals that somebody else wrote first.
                throw isTagRefused(other) && error.status === 412 ? error : other;
            });
            this.isETagQuoted = !isQuoted;
        }
    }

    private send(request: AzureRequest): Promise<AzureAnswer> {
        return this.access.whenGranted(() => this.client.send(request));
    }

    private url(route: string): string {
        return `https://${this.hostName}${route}?api-version=${apiVersion}`;
    }
}

/** Asks again while a device is being assigned to a hub: only after that can its identity be changed. */
async function ended(ask: () => Promise<RawRegistration[]>): Promise<RawRegistration[]> {
    for (let seconds = 0; ; seconds++) {
        const states = await ask();
        const open = states.filter(({ status }) => status === "assigning");
        if (open.length === 0) {
            return states;
        }
        if (seconds >= assigningSeconds) {
            const ids = open.map(({ registrationId }) => registrationId ?? "?");
            throw new Error(
                `still registering after ${assigningSeconds} s, so NOT cut off: ` +
                    `${nameList(ids)}; run this again`,
            );
        }
        await sleep(1000);
    }
}

function isTagRefused(error: unknown): error is AzureError {
    return error instanceof AzureError && (error.status === 400 || error.status === 412);
}

function registeredDevice({ deviceId, assignedHub }: RawRegistration): RegisteredDevice[] {
    return deviceId === undefined || assignedHub === undefined
        ? []
        : [{ deviceId, assignedHub: classicHostName(assignedHub) }];
}

interface RawRegistration {
    readonly registrationId?: string;
    readonly status?: string;
    readonly deviceId?: string;
    readonly assignedHub?: string;
}

function path(kind: EnrollmentKind, id: string): string {
    // The service ignores the case of a registration ID, and documents only lower case.
    return kind === "group"
        ? `/enrollmentGroups/${encodeURIComponent(id)}`
        : `/enrollments/${encodeURIComponent(id.toLowerCase())}`;
}
