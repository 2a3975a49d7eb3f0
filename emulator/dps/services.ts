import { ETags } from "../core/etag";
import { HubCertificate } from "../hub/model";
import {
    EnrollmentGroup,
    IndividualEnrollment,
    ProvisioningService,
    RefusedRegistration,
    Registration,
} from "./model";

type Stored = Omit<
    ProvisioningService,
    "certificates" | "groups" | "enrollments" | "registrations"
> & {
    readonly certificates: readonly HubCertificate[];
    readonly groups: readonly EnrollmentGroup[];
    readonly enrollments: readonly IndividualEnrollment[];
    readonly registrations: readonly Registration[];
};

export interface ProvisioningServicesSnapshot {
    readonly services: readonly Stored[];
}

const keptRefusals = 10_000;

/** All provisioning services of the emulator, by their globally unique names. */
export class ProvisioningServices {
    readonly etags = new ETags();
    private readonly byName = new Map<string, ProvisioningService>();
    private refusals: RefusedRegistration[] = [];

    get(name: string): ProvisioningService | undefined {
        return this.byName.get(name.toLowerCase());
    }

    byIdScope(idScope: string): ProvisioningService | undefined {
        return this.list().find((service) => service.idScope === idScope);
    }

    list(): ProvisioningService[] {
        return [...this.byName.values()];
    }

    add(service: ProvisioningService): void {
        this.byName.set(service.name.toLowerCase(), service);
    }

    remove(service: ProvisioningService): void {
        this.byName.delete(service.name.toLowerCase());
    }

    reset(): void {
        this.byName.clear();
        this.refusals = [];
    }

    refuse(refusal: RefusedRegistration): void {
        this.refusals = [...this.refusals.slice(1 - keptRefusals), refusal];
    }

    refused(): readonly RefusedRegistration[] {
        return this.refusals;
    }

    clearRefused(): void {
        this.refusals = [];
    }

    snapshot(): ProvisioningServicesSnapshot {
        const services = this.list().map((service) => ({
            ...service,
            certificates: [...service.certificates.values()],
            groups: [...service.groups.values()],
            enrollments: [...service.enrollments.values()],
            registrations: [...service.registrations.values()],
        }));
        return { services };
    }

    restore(snapshot: ProvisioningServicesSnapshot): void {
        for (const stored of snapshot.services) {
            this.add({
                ...stored,
                state: "Active",
                certificates: keyed(stored.certificates, (one) => one.name.toLowerCase()),
                groups: keyed(stored.groups, (one) => one.enrollmentGroupId.toLowerCase()),
                enrollments: keyed(stored.enrollments, (one) => one.registrationId.toLowerCase()),
                registrations: keyed(stored.registrations, (one) =>
                    one.registrationId.toLowerCase(),
                ),
            });
        }
    }
}

function keyed<T>(items: readonly T[], key: (item: T) => string): Map<string, T> {
    return new Map(items.map((item) => [key(item), item]));
}
