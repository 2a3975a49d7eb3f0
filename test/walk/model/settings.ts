import { WalkConfig } from "./config";

/** A setting, by its path in docs/configuration.md; `<group>` and `<device>` stand for names. */
export interface Setting {
    readonly path: string;
    /**
     * What the walk sets it to; undefined: the setting is deleted. Left out where one of the walk's steps makes the
     * values (`by`).
     */
    readonly values?: readonly unknown[] | ((config: WalkConfig) => readonly unknown[]);
    /** The steps that change it, where it needs more than a value. */
    readonly by?: readonly string[];
    /** What costs a new hub or service is walked less often. */
    readonly isRare?: boolean;
}

const caAlgorithms = ["ECDSA-P256", "ECDSA-P384"];

/**
 * Every setting there is. Keys are elliptic wherever a value is chosen: RSA takes seconds and shows nothing more, but for
 * one CA key (`pki.root.keyAlgorithm`).
 */
export const settings: readonly Setting[] = [
    { path: "organization", values: ["MyOrg", "Contoso GmbH", "Müller & Söhne"] },
    { path: "country", values: ["DE", "US", undefined] },
    { path: "location", values: ["northeurope", "westeurope", undefined], isRare: true },
    { path: "resourceGroupName", values: ["rg-walk-a", "rg-walk-b", undefined], isRare: true },
    // A group that the stack made stays its own.
    { path: "resourceGroup", values: ["create", undefined] },
    { path: "hub.name", by: ["name-hub"], isRare: true },
    { path: "hub.prefix", by: ["prefix-hub"], isRare: true },
    { path: "hub.sku", values: ["S1", "S2", undefined] },
    { path: "hub.units", values: [1, 2, 3, undefined] },
    { path: "hub.minTlsVersion", values: ["1.2", undefined] },
    { path: "hub.localAuth", values: [true, false, undefined] },
    { path: "hub.dataRole", values: ["assign", "existing", undefined] },
    { path: "hub.roleWaitSeconds", values: [60, 600, undefined] },
    {
        path: "hub.routes",
        values: [
            { telemetry: { eventHub: {} } },
            { telemetry: { eventHub: {}, condition: "level = 'high'" } },
            undefined,
        ],
        isRare: true,
    },
    { path: "hub.routeWaitSeconds", values: [0, 1], isRare: true },
    // true would refuse what the walk puts on the hub by hand.
    { path: "hub.strict", values: [false, undefined] },
    { path: "dps", by: ["add-dps", "drop-dps"] },
    { path: "dps.name", by: ["name-dps"], isRare: true },
    { path: "dps.prefix", by: ["name-dps"], isRare: true },
    { path: "dps.units", values: [1, 2, undefined] },
    { path: "dps.allocationPolicy", values: ["Hashed", "GeoLatency", undefined] },
    { path: "dps.weight", values: [1, 5, undefined] },
    { path: "dps.linkedHubs", by: ["link-hub"] },
    { path: "dps.reserveIds", values: [true, false, undefined] },
    { path: "est", by: ["set est.*"] },
    { path: "est.graceDays", values: [0, 14, undefined] },
    { path: "est.repeatHours", values: [1, 24, undefined] },
    // For the EST service alone.
    { path: "est.identityCertificates", values: [undefined] },
    { path: "est.bootstrap", values: [[], undefined] },
    { path: "est.container.image", values: [undefined] },
    { path: "est.container.dnsLabel", values: [undefined] },
    { path: "est.container.registry", values: [undefined] },
    { path: "est.container.cpu", values: [undefined] },
    { path: "est.container.memoryGb", values: [undefined] },
    { path: "pki.trust", values: ["intermediates", "root", undefined] },
    { path: "pki.keyAlgorithm", values: caAlgorithms },
    { path: "pki.root.keys", by: ["offline-root", "managed-root"] },
    { path: "pki.root.keyAlgorithm", values: [...caAlgorithms, "RSA-2048", undefined] },
    { path: "pki.root.commonName", values: ["Walk Root", "Walk Root Two", undefined] },
    { path: "pki.root.validityDays", values: [3000, 3650, undefined] },
    { path: "pki.root.generation", values: [1, 2, undefined] },
    { path: "pki.root.certificate", by: ["offline-root", "managed-root"] },
    { path: "pki.root.proof", by: ["sign"] },
    { path: "groups", by: ["add-group", "remove-group"] },
    { path: "groups.<group>.keyAlgorithm", values: caAlgorithms },
    { path: "groups.<group>.validityDays", values: [60, 90, 200, undefined] },
    { path: "groups.<group>.renewBeforeDays", values: [10, 20, 30, undefined] },
    { path: "groups.<group>.provisioning", values: ["listed", "dps", "both", undefined] },
    { path: "groups.<group>.blocked", values: [true, false, undefined] },
    { path: "groups.<group>.enrollment.reprovision", values: ["migrate", "keep", undefined] },
    {
        path: "groups.<group>.enrollment.allocationPolicy",
        values: ["hashed", "geoLatency", undefined],
    },
    { path: "groups.<group>.enrollment.iotEdge", values: [true, false, undefined] },
    {
        path: "groups.<group>.enrollment.initialTwin",
        values: [{ tags: { line: 1 } }, { tags: { line: 2 }, desired: { rate: 5 } }, undefined],
    },
    { path: "groups.<group>.intermediate.keyAlgorithm", values: [...caAlgorithms, undefined] },
    { path: "groups.<group>.intermediate.commonName", by: ["name-ca"] },
    { path: "groups.<group>.intermediate.validityDays", values: [730, 1000, undefined] },
    { path: "groups.<group>.intermediate.generation", by: ["rotate", "rotate-cutting"] },
    { path: "groups.<group>.intermediate.retain", by: ["rotate", "finish-rotation"] },
    { path: "groups.<group>.intermediate.certificates", by: ["sign"] },
    { path: "devices", by: ["add-device", "remove-device"] },
    { path: "devices.<device>.id", by: ["add-device", "remove-device"] },
    { path: "devices.<device>.auth", by: ["kind"] },
    {
        path: "devices.<device>.group",
        values: (config) => [...Object.keys(config.groups), undefined],
    },
    { path: "devices.<device>.csr", by: ["kind", "new-key"] },
    { path: "devices.<device>.keyGeneration", values: [1, 2, 3, undefined] },
    { path: "devices.<device>.thumbprints", by: ["kind", "new-key", "drop-former", "given"] },
    { path: "devices.<device>.certificates", by: ["kind", "new-key", "drop-former", "given"] },
    { path: "devices.<device>.status", values: ["enabled", "disabled", undefined] },
    {
        path: "devices.<device>.tags",
        values: [{ site: "Oslo" }, { site: "Bergen", line: { number: 2 } }, undefined],
    },
    { path: "devices.<device>.enrollment", values: ["group", "individual", undefined] },
    { path: "devices.<device>.adopt", values: [true, undefined] },
    { path: "devicesFile", by: ["move-device"] },
    {
        path: "deviceDefaults",
        by: ["set deviceDefaults.*"],
    },
    {
        path: "deviceDefaults.group",
        values: (config) => [...Object.keys(config.groups), undefined],
    },
    { path: "deviceDefaults.auth", values: ["ca", "thumbprint", undefined] },
    { path: "deviceDefaults.status", values: ["enabled", undefined] },
    { path: "deviceDefaults.tags", values: [{ fleet: "one" }, { fleet: "two" }, undefined] },
    { path: "deviceDefaults.keyGeneration", values: [1, 2, undefined] },
    { path: "allowSha1Thumbprints", values: [true, false, undefined] },
    { path: "protect", values: [true, false, undefined] },
    { path: "maxCutOff", values: ["unlimited", 1000] },
    { path: "rollover", by: ["set rollover.*"] },
    { path: "rollover.accept", values: [1000, 100000] },
    { path: "pruneDevices", values: [true, false, undefined] },
    {
        path: "outputDevices",
        values: (config) => [[], Object.keys(config.devices).slice(0, 2), undefined],
    },
    { path: "ci", by: ["ci"] },
    { path: "ci.repository", by: ["ci"] },
    { path: "ci.subjects", by: ["ci"] },
    { path: "ci.previewSubjects", by: ["ci"] },
    {
        path: "alerts",
        values: [{}, { emails: ["iot@contoso.com"], graceDays: 2 }, undefined],
        isRare: true,
    },
    { path: "alerts.emails", values: [["iot@contoso.com"], ["ops@contoso.com"], undefined] },
    { path: "alerts.webhooks", values: [["https://alerts.contoso.com/iot"], undefined] },
    { path: "alerts.days", values: [[30, 14, 7], [60, 7], undefined] },
    { path: "alerts.graceDays", values: [0, 3, undefined] },
    { path: "hub", by: ["set hub.*"] },
    { path: "pki", by: ["set pki.*"] },
    { path: "shards", by: ["shards"] },
    { path: "shard", by: ["shards"] },
];

/** The paths of a setting in a configuration, with its groups' and devices' names. */
export function pathsOf({ path }: Setting, config: WalkConfig): string[] {
    if (path.includes("<group>")) {
        return Object.keys(config.groups).map((name) => path.replace("<group>", name));
    }
    if (path.includes("<device>")) {
        return Object.keys(config.devices).map((name) => path.replace("<device>", name));
    }
    return [path];
}
