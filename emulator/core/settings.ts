/**
 * Switches of the emulator: what no public source settles about Azure, and what a test wants otherwise. Each has a
 * default and a reason; the management API changes them while the emulator runs.
 */
export interface Settings {
    /** Registry rate limits of the hub's tier and units (Azure docs: iot-hub-devguide-quotas-throttling). Off: demos and tests need not wait. */
    throttling: boolean;
    /** Seconds a hub or provisioning service stays "Activating". Azure takes about two minutes; the default keeps the asynchronous path without the wait. */
    activationSeconds: number;
    /** Seconds that a provisioning service takes to assign a device to a hub. Azure tells devices to ask again after 3; the default keeps the asynchronous path without the wait. */
    registrationSeconds: number;
    /** Seconds until a new role assignment counts. Azure says up to ten minutes (docs: role-based-access-control/troubleshooting); 0 keeps tests quick. */
    rolePropagationSeconds: number;
    /** Disabling or deleting a device ends its live connection. The docs do not say whether at once; on, since a revocation is expected to bite. */
    cutOnDeviceChange: boolean;
    /** Deleting a CA, or losing its verification, ends connections that were judged by it. Not documented; on, for the same reason. */
    cutOnCaChange: boolean;
    /** Refuse a leaf whose extended key usage, when present, lacks clientAuth. Not documented for customer chains; on, as RFC 5280 4.2.1.12 demands. */
    checkExtendedKeyUsage: boolean;
    /** Refuse a leaf whose keyUsage, when present, lacks digitalSignature. Not documented; on, as RFC 5280 4.2.1.3 with RFC 8446 4.4.2.2 and 4.4.3 demands: the client signs the handshake. */
    checkKeyUsage: boolean;
    /** Refuse a chain in which a certificate has a critical extension that the judge does not process. Not documented; on, as RFC 5280 4.2 demands. */
    checkCriticalExtensions: boolean;
    /** Refuse a leaf with basicConstraints CA:TRUE. Not documented; off, since RFC 5280 6.1.4 and 6.1.5 ask nothing of the last certificate's basicConstraints. */
    checkLeafIsNoCa: boolean;
    /** Enforce basicConstraints pathLen. Not documented for customer chains; on, as RFC 5280 6.1.4 (m) demands. */
    checkPathLength: boolean;
    /** Judge the dates of a certificate that is trusted by its thumbprint. On: Azure/iotedge#621 tells that IoT Hub looks at expiry and thumbprint, and at nothing else. */
    checkThumbprintDates: boolean;
    /** Smallest RSA modulus accepted in a device's chain, in bits. Not documented; 2048, the floor of NIST SP 800-131A. */
    minimumRsaBits: number;
    /** Longest chain a device may send, leaf included. Azure documents no limit; 10 bounds the work. */
    maximumChainLength: number;
    /** Refuse a hub's PUT with an identity-based endpoint whose identity may not send there yet. The docs say to assign the role first and wait (iot-hub-managed-identity), not what else happens; on, since the program must work in both cases. Off: its messages go nowhere until then. */
    checkEndpointRole: boolean;
    /** Seconds that a deleted device is still returned by registry queries. On a live hub it was 25 minutes and more (terraform-provider-iothub, 2026-08-15); 0 keeps tests quick. */
    queryIndexLagSeconds: number;
    /** Seconds that the registry's statistics still count a deleted device. They do on a live hub (same source); 0 keeps tests quick. */
    statisticsLagSeconds: number;
    /** A query for `COUNT()` that meets no device answers `[]` instead of one row with 0. No source says which. */
    emptyCountHasNoRow: boolean;
    /** A bulk request with a failed item does nothing of the others. Undocumented; off, as each item has its own error. */
    bulkIsAtomic: boolean;
    /** Hubs that are made while this is on have a gateway of the second version: host names of their own for devices and for services, and a provisioning service assigns the former. Azure makes both kinds in 2026 (Azure/azure-iot-sdk-java pull request 1831). */
    gatewayV2: boolean;
    /** Forms of an ETag in `If-Match` that a provisioning service takes: `quoted` (RFC 9110), `raw` (as azure-iot-provisioning-service and az send it), or `any`. No source says which. */
    dpsIfMatchForm: "any" | "quoted" | "raw";
    /** A provisioning service refuses registration IDs with upper-case letters. The docs name `a-z` and call IDs case-insensitive; off. */
    dpsLowerCaseIds: boolean;
    /** A PUT of a hub that leaves `authorizationPolicies` out makes new keys for all policies, as it does for those that come without keys. Not documented; off, since `az iot hub update` leaves them out. */
    renewOmittedPolicies: boolean;
    /** Refuse a PUT of a hub without `eventHubEndpoints.events`. The specification says that the key has to be present; off, since Azure's own samples leave it out. */
    requireBuiltInEndpoint: boolean;
    /** Seconds that provisioning services do not find a new hub (404002). Seen on Azure (terraform-provider-azurerm#18153); 0 keeps tests quick. */
    newHubUnseenSeconds: number;
    /** Seconds in which a hub that ARM has written refuses another write (409). Azure does as long as an update is under way (Azure/bicep#2549); 0, since no source says of which writes. */
    parallelWriteSeconds: number;
}

export const defaultSettings: Readonly<Settings> = {
    throttling: false,
    activationSeconds: 0.3,
    registrationSeconds: 0.3,
    rolePropagationSeconds: 0,
    cutOnDeviceChange: true,
    cutOnCaChange: true,
    checkExtendedKeyUsage: true,
    checkKeyUsage: true,
    checkCriticalExtensions: true,
    checkLeafIsNoCa: false,
    checkPathLength: true,
    checkThumbprintDates: true,
    minimumRsaBits: 2048,
    maximumChainLength: 10,
    checkEndpointRole: true,
    queryIndexLagSeconds: 0,
    statisticsLagSeconds: 0,
    emptyCountHasNoRow: false,
    bulkIsAtomic: false,
    gatewayV2: false,
    dpsIfMatchForm: "any",
    dpsLowerCaseIds: false,
    renewOmittedPolicies: false,
    requireBuiltInEndpoint: false,
    newHubUnseenSeconds: 0,
    parallelWriteSeconds: 0,
};

/** Settings that take certain words alone. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
    dpsIfMatchForm: ["any", "quoted", "raw"],
};

/**
 * Applies changes given as JSON.
 *
 * @throws Error naming the setting, when it does not exist or has another type or word.
 */
export function changeSettings(settings: Settings, changes: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(changes)) {
        const wanted = typeof defaultSettings[name as keyof Settings];
        if (wanted === "undefined") {
            const known = Object.keys(defaultSettings).join(", ");
            throw new Error(`unknown setting "${name}"; the settings are ${known}`);
        }
        if (typeof value !== wanted) {
            throw new Error(`setting "${name}" must be a ${wanted}`);
        }
        if (choices[name]?.includes(value) === false) {
            throw new Error(`setting "${name}" must be one of ${choices[name].join(", ")}`);
        }
    }
    Object.assign(settings, changes);
}
