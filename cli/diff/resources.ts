import { isUnknown, stableJson } from "../../components/dynamic/values";
import { Operation, ResourceChange } from "./fleetDiff";
import { Properties, Step } from "./step";

const kinds: readonly [RegExp, ResourceChange["kind"]][] = [
    [/^azure-native:iothub:IotHubResource$/, "hub"],
    [/^azure-native:deviceprovisioningservices:IotDpsResource$/, "provisioning service"],
    [/:dps:EnrollmentGroup$|dps:EnrollmentGroup$/, "enrollment group"],
    [/^azure-native:authorization:RoleAssignment$/, "role"],
    [/^azuread:/, "CI identity"],
    [/^azure-native:(eventhub|managedidentity):/, "route"],
    [/^azure-native:(monitor|operationalinsights):/, "alert"],
    [/^azure-native:resources:ResourceGroup$/, "resource group"],
];

/** Types that are reported as devices and CAs, or not worth reporting. */
const elsewhere =
    /DeviceIdentity$|DeviceCertificate$|DeviceRegistration$|IndividualEnrollment$|VerifiedCertificate$|^tls:|pki:Issuer$|HubAudit$|Sharding$|^iot-x509:/;

const dataKinds: readonly ResourceChange["kind"][] = [
    "hub",
    "provisioning service",
    "resource group",
    "route",
];

/** Names of properties whose values are never shown. */
const secretName = /key|secret|password|connection|token|credential|certificate|code|proof/i;
/** Properties of the provider itself, and those that follow from others. */
const unsaid = ["__provider", "__defaults"];
const longestValue = 40;
const mostProperties = 12;

/** Everything except devices and CAs; changes that lose data come first. */
export function resourceChanges(steps: readonly Step[]): ResourceChange[] {
    const changes = steps
        .filter((step) => !elsewhere.test(step.type) && !followsFromCertificates(step))
        .map(({ type, name, action, before, after, paths }): ResourceChange => {
            const kind = kinds.find(([pattern]) => pattern.test(type))?.[1] ?? "other";
            const isLost = action === "replace" || action === "delete";
            return {
                kind,
                name,
                action,
                holdsData: isLost && dataKinds.includes(kind),
                properties:
                    before === undefined || after === undefined
                        ? []
                        : changedProperties(before.inputs, after.inputs, paths),
            };
        });
    const rank = ({ holdsData, action }: ResourceChange): number =>
        (holdsData ? 0 : 10) + order.indexOf(action);
    return changes.sort((one, other) => rank(one) - rank(other));
}

/**
 * Whether it is an alert rule that changes only because certificates do: its query lists them, and is not known before they
 * are issued.
 */
function followsFromCertificates({ type, action, before, after }: Step): boolean {
    if (type !== "azure-native:monitor:ScheduledQueryRule" || action !== "update") {
        return false;
    }
    const [olds, news] = [before, after].map((one) => ({ ...one?.inputs, criteria: undefined }));
    const { allOf = [] } = (after?.inputs.criteria ?? {}) as { allOf?: { query?: unknown }[] };
    return differences("", olds, news).length === 0 && allOf.some(({ query }) => isUnknown(query));
}

const order: readonly Operation[] = ["delete", "replace", "update", "create"];

/** @param paths as the provider reports them: they alone tell what changes in an encrypted property */
function changedProperties(olds: Properties, news: Properties, paths: readonly string[]): string[] {
    const hidden = paths.filter((path) => {
        const [name] = path.split(/[.[]/);
        return isEncrypted(olds[name]) && isEncrypted(news[name]);
    });
    const found = [...differences("", olds, news), ...hidden.sort()];
    return found.length <= mostProperties
        ? found
        : [...found.slice(0, mostProperties), `and ${found.length - mostProperties} more`];
}

function differences(path: string, olds: unknown, news: unknown): string[] {
    if (stableJson(olds ?? null) === stableJson(news ?? null)) {
        return [];
    }
    if (isMapping(olds) && isMapping(news)) {
        const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
        return names
            .filter((name) => !unsaid.includes(name))
            .flatMap((name) =>
                differences(path === "" ? name : `${path}.${name}`, olds[name], news[name]),
            );
    }
    const [was, is] = [olds, news].map((value) => shown(path, value));
    return [was === undefined || is === undefined ? path : `${path}: ${was} -> ${is}`];
}

/** Undefined for values that are not shown. */
function shown(path: string, value: unknown): string | undefined {
    if (isUnknown(value)) {
        return "known after the run";
    }
    if (value === undefined || value === null) {
        return "none";
    }
    if (Array.isArray(value)) {
        return value.every((one) => typeof one === "number") ? `[${value.join(", ")}]` : undefined;
    }
    const text = typeof value === "object" ? undefined : String(value as string | number | boolean);
    const isShowable =
        text !== undefined &&
        text.length <= longestValue &&
        text !== "[secret]" &&
        !secretName.test(path) &&
        /^[\w .:/@-]*$/.test(text);
    return isShowable ? text : undefined;
}

function isMapping(value: unknown): value is Properties {
    return (
        typeof value === "object" && value !== null && !Array.isArray(value) && !isEncrypted(value)
    );
}

/** The event log has the engine's mark of encrypted values, and a saved preview may have words. */
function isEncrypted(value: unknown): boolean {
    return (
        value === "[secret]" ||
        (typeof value === "object" &&
            value !== null &&
            Object.hasOwn(value, "4dabf18193072939515e22adb298388d"))
    );
}
