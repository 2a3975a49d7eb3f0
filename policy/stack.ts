import type { PolicyResource, StackValidationArgs } from "@pulumi/policy";

/** Stands for a value that a preview does not know. */
export const unknown = Symbol("unknown");

export type Values = Readonly<Record<string, unknown>>;

/** A resource as a rule sees it at the end of a preview or an update. */
export interface StackResource {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    /**
     * Its outputs, with {@link unknown} for those not yet known. Secrets are in plain text, so no message may quote a
     * value that may be secret.
     */
    readonly props: Values;
    readonly isProtected: boolean;
    /** URNs of the resources that each property depends on. */
    readonly sources: Readonly<Record<string, readonly string[]>>;
}

/** A violation of a rule, and how to fix it. */
export interface Violation {
    /** Names the value, the bound and the remedy. */
    readonly message: string;
    readonly urn?: string;
}

/** A rule depends only on its arguments. */
export type Rule<Bounds> = (resources: readonly StackResource[], bounds: Bounds) => Violation[];

/** Types of this program's own resources and of those from the providers that it uses. */
export const types = {
    hub: "azure-native:iothub:IotHubResource",
    hubCertificate: "azure-native:iothub:Certificate",
    service: "azure-native:deviceprovisioningservices:IotDpsResource",
    serviceCertificate: "azure-native:deviceprovisioningservices:DpsCertificate",
    eventHubs: "azure-native:eventhub:Namespace",
    resourceGroup: "azure-native:resources:ResourceGroup",
    key: "tls:index/privateKey:PrivateKey",
    selfSigned: "tls:index/selfSignedCert:SelfSignedCert",
    locallySigned: "tls:index/locallySignedCert:LocallySignedCert",
    issuer: "pulumi-nodejs:dynamic/pki:Issuer",
    deviceCertificate: "pulumi-nodejs:dynamic/pki:DeviceCertificate",
    verifiedCa: "pulumi-nodejs:dynamic/iothub:VerifiedCertificate",
    identity: "pulumi-nodejs:dynamic/iothub:DeviceIdentity",
    enrollmentGroup: "pulumi-nodejs:dynamic/dps:EnrollmentGroup",
    enrollment: "pulumi-nodejs:dynamic/dps:IndividualEnrollment",
    registration: "pulumi-nodejs:dynamic/dps:DeviceRegistration",
} as const;

export function ofType(
    resources: readonly StackResource[],
    ...wanted: readonly string[]
): StackResource[] {
    return resources.filter(({ type }) => wanted.includes(type));
}

/** The resources of a stack as plain values. */
export function stackResources({ resources }: Pick<StackValidationArgs, "resources">) {
    return resources.map(
        ({
            type,
            name,
            urn,
            props,
            opts,
            propertyDependencies,
        }: PolicyResource): StackResource => ({
            type,
            name,
            urn,
            props: plain(props) as Values,
            isProtected: opts.protect,
            sources: Object.fromEntries(
                Object.entries(propertyDependencies).map(([property, all]) => [
                    property,
                    all.map((one) => one.urn),
                ]),
            ),
        }),
    );
}

/** Reading an unknown value makes the SDK throw, which would end the whole rule; here it becomes an ordinary value. */
function plain(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const read = (key: string): unknown => {
        try {
            return plain((value as Values)[key]);
        } catch {
            return unknown;
        }
    };
    return Array.isArray(value)
        ? value.map((_, index) => read(String(index)))
        : Object.fromEntries(Object.keys(value).map((key) => [key, read(key)]));
}

/** A nested value, e.g. `at(props, "properties", "minTlsVersion")`; unknown if a value on the path is unknown. */
export function at(value: unknown, ...path: readonly string[]): unknown {
    return path.reduce(
        (held, key) =>
            held === unknown
                ? unknown
                : typeof held === "object" && held !== null
                  ? (held as Values)[key]
                  : undefined,
        value,
    );
}
