/**
 * Settings of the emulator: behavior of Azure that no public source settles, and whatever a test wants changed. Each
 * has a default and a reason; the management API changes them while the emulator runs.
 */
export interface Settings {
    /**
     * Enforce the registry rate limits of the hub's tier and units (Azure docs: iot-hub-devguide-quotas-throttling).
     * Off, so that demos and tests need not wait.
     */
    throttling: boolean;
    /**
     * Seconds that a hub or provisioning service stays "Activating". Azure takes about two minutes; the default keeps
     * the operation asynchronous without the wait.
     */
    activationSeconds: number;
    /**
     * Seconds that a provisioning service takes to assign a device to a hub. Azure tells devices to ask again after 3;
     * the default keeps the operation asynchronous without the wait.
     */
    registrationSeconds: number;
    /**
     * Seconds until a new role assignment takes effect. Azure states up to ten minutes (docs:
     * role-based-access-control/troubleshooting); 0 keeps tests fast.
     */
    rolePropagationSeconds: number;
    /**
     * Disabling or deleting a device ends its connection. The docs do not say whether this happens at once; on, since a
     * revocation is expected to take effect.
     */
    cutOnDeviceChange: boolean;
    /**
     * Deleting a CA, or losing its verification, ends the connections that it authenticated. Not documented; on, for
     * the same reason.
     */
    cutOnCaChange: boolean;
    /**
     * Refuse a leaf whose extended key usage, when present, lacks clientAuth. Not documented for customer chains; on,
     * as required by RFC 5280 4.2.1.12.
     */
    checkExtendedKeyUsage: boolean;
    /**
     * Refuse a leaf whose keyUsage, when present, lacks digitalSignature. Not documented; on, as required by RFC 5280
     * 4.2.1.3 with RFC 8446 4.4.2.2 and 4.4.3: the client signs the handshake.
     */
    checkKeyUsage: boolean;
    /**
     * Refuse a chain in which a certificate has a critical extension that path validation does not process. Not
     * documented; on, as required by RFC 5280 4.2.
     */
    checkCriticalExtensions: boolean;
    /**
     * Refuse a leaf with basicConstraints CA:TRUE. Not documented; off, since RFC 5280 6.1.4 and 6.1.5 do not check the
     * basicConstraints of the last certificate.
     */
    checkLeafIsNoCa: boolean;
    /** Enforce basicConstraints pathLen. Not documented for customer chains; on, as required by RFC 5280 6.1.4 (m). */
    checkPathLength: boolean;
    /**
     * Check the dates of a certificate that is trusted by its thumbprint. On: according to Azure/iotedge#621, IoT Hub
     * checks the expiry and the thumbprint, and nothing else.
     */
    checkThumbprintDates: boolean;
    /**
     * Smallest RSA modulus accepted in a device's chain, in bits. Not documented; 2048, the minimum in NIST SP
     * 800-131A.
     */
    minimumRsaBits: number;
    /** Longest chain that a device may send, leaf included. Azure documents no limit; 10 bounds the work. */
    maximumChainLength: number;
    /**
     * Refuse a hub's PUT with an identity-based endpoint whose identity may not send there yet. The docs say to assign
     * the role first and wait (iot-hub-managed-identity), but not what happens otherwise; on, since the program must
     * work either way. When off, messages to the endpoint are lost until the role takes effect.
     */
    checkEndpointRole: boolean;
    /**
     * Seconds that registry queries still return a deleted device. On a live hub it was 25 minutes or more
     * (terraform-provider-iothub, 2026-08-15); 0 keeps tests fast.
     */
    queryIndexLagSeconds: number;
    /**
     * Seconds that the registry's statistics still count a deleted device, as on a live hub (same source); 0 keeps
     * tests fast.
     */
    statisticsLagSeconds: number;
    /** A `COUNT()` query that matches no device returns `[]` instead of one row with 0. No source says which. */
    emptyCountHasNoRow: boolean;
    /**
     * A bulk request with a failed item applies none of the others. Not documented; off, as each item has its own
     * error.
     */
    bulkIsAtomic: boolean;
    /**
     * Hubs created while this is on have a gateway of the second version: separate host names for devices and for
     * services, of which a provisioning service assigns the former. Azure creates both kinds in 2026
     * (Azure/azure-iot-sdk-java pull request 1831).
     */
    gatewayV2: boolean;
    /**
     * Forms of an ETag that a provisioning service accepts in `If-Match`: `quoted` (RFC 9110), `raw` (as sent by
     * azure-iot-provisioning-service and az), or `any`. No source says which.
     */
    dpsIfMatchForm: "any" | "quoted" | "raw";
    /**
     * A provisioning service refuses registration IDs with upper-case letters. The docs list only `a-z` but call IDs
     * case-insensitive; off.
     */
    dpsLowerCaseIds: boolean;
    /**
     * A PUT of a hub without `authorizationPolicies` generates new keys for all policies, as it does for policies
     * without keys. Not documented; off, since `az iot hub update` omits them.
     */
    renewOmittedPolicies: boolean;
    /**
     * Refuse a PUT of a hub without `eventHubEndpoints.events`. The specification says that the key must be present;
     * off, since Azure's own samples omit it.
     */
    requireBuiltInEndpoint: boolean;
    /**
     * Seconds until provisioning services find a new hub (404002 before that). Seen on Azure
     * (terraform-provider-azurerm#18153); 0 keeps tests fast.
     */
    newHubUnseenSeconds: number;
    /**
     * Seconds after an ARM write during which a hub refuses another one (409). Azure refuses while an update is in
     * progress (Azure/bicep#2549); 0, since no source says for which writes.
     */
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

/** Settings that accept only certain words. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
    dpsIfMatchForm: ["any", "quoted", "raw"],
};

/**
 * Applies changes given as JSON.
 *
 * @throws Error naming the setting, when it does not exist or the value has the wrong type or is not an accepted word.
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
