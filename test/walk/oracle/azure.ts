import { X509Certificate } from "crypto";
import { WalkConfig } from "../model/config";
import { effective, Effective, EffectiveCa, EffectiveGroup } from "../model/effective";
import { foreignCaName, foreignGroup, foreignHubName } from "../real/byHand";
import { CaDump, Dump } from "../real/dump";
import { rootOf } from "./certificates";
import { enrollmentProblems } from "./enrollments";
import { differ, differAsSets, Seen } from "./seen";

/**
 * What must be on Azure for a configuration, but for the devices' identities.
 *
 * @param pending CAs that await an offline root's signature, which are held to nothing yet
 * @param authorities PEM of each CA's certificate, by name
 */
export function azureProblems(
    config: WalkConfig,
    seen: Seen,
    pending: readonly string[],
    authorities: ReadonlyMap<string, string>,
): string[] {
    const now = asMade(effective(config), authorities);
    const roots = rootNames(now, authorities);
    return [
        ...groupProblems(config, now, seen),
        ...hubProblems(config, now, seen, pending, roots),
        ...serviceProblems(config, now, seen, pending, roots),
        ...ciProblems(config, seen),
        ...alertProblems(config, seen),
    ];
}

function groupProblems(config: WalkConfig, { location }: Effective, { dump, hub }: Seen): string[] {
    const groups = dump.arm.groups.filter(({ name }) => name !== foreignGroup);
    const hubs = dump.hubs.hubs.filter(({ name }) => name !== foreignHubName);
    const [{ name = "", location: region = "" } = {}] = groups;
    return [
        ...differ("the number of resource groups", groups.length, 1),
        ...differ("the number of hubs", hubs.length, 1),
        ...differ("the resource group's region", region, location),
        ...differ("the hub's resource group", hub.resourceGroup.toLowerCase(), name.toLowerCase()),
        ...(config.resourceGroupName === undefined
            ? []
            : differ("the resource group's name", name, config.resourceGroupName)),
    ];
}

function hubProblems(
    config: WalkConfig,
    now: Effective,
    { hub }: Seen,
    pending: readonly string[],
    roots: readonly string[],
): string[] {
    const { name, prefix = "iot", sku = "S1", units = 1 } = config.hub;
    const isLocal = config.hub.localAuth === true;
    const isLinked = config.dps !== undefined;
    const listed = now.groups.filter(
        ({ provisioning, blocked }) => provisioning !== "dps" && !blocked,
    );
    const { disableLocalAuth, disableDeviceSAS, disableModuleSAS, minTlsVersion } = hub.properties;
    const rights = hub.policies.map((one) => one.rights.split(/,\s*/).sort().join(", "));
    return [
        ...nameProblems("the hub's name", hub.name, name, prefix),
        ...differ("the hub's region", hub.location, now.location),
        ...differ("the hub's tier", [hub.sku.name, hub.sku.capacity], [sku, units]),
        ...differ("the hub's TLS floor", minTlsVersion, "1.2"),
        ...differ("the hub's disableDeviceSAS", disableDeviceSAS, !isLocal),
        ...differ("the hub's disableModuleSAS", disableModuleSAS, !isLocal),
        ...differ("the hub's disableLocalAuth", disableLocalAuth, !isLocal && !isLinked),
        ...(isLinked && !rights.includes("RegistryWrite, ServiceConnect")
            ? [`the hub has no policy for the provisioning service: ${rights.join(" | ")}`]
            : []),
        // With shared access keys on, the policies that Azure gives every hub stay (azure-docs: iot-hub-dev-guide-sas).
        ...(isLocal && !rights.some((one) => one.includes("DeviceConnect"))
            ? [`localAuth is on, and no policy is there for devices: ${rights.join(" | ")}`]
            : []),
        ...caProblems(
            "the hub",
            hub.certificates.filter((one) => one.name !== foreignCaName),
            now,
            listed,
            pending,
            roots,
        ),
    ];
}

function nameProblems(what: string, seen: string, name: unknown, prefix: unknown): string[] {
    if (name !== undefined) {
        return differ(what, seen, name);
    }
    const isPrefixed = seen.startsWith(`${String(prefix)}-`);
    return isPrefixed ? [] : [`${what} is ${seen}, and should begin with ${String(prefix)}-`];
}

/** Each trusted CA once, proven, and no other. */
function caProblems(
    where: string,
    seen: readonly CaDump[],
    now: Effective,
    groups: readonly EffectiveGroup[],
    pending: readonly string[],
    roots: readonly string[],
): string[] {
    const names = seen.map(({ pem }) => commonName(pem));
    const unproven = seen
        .filter(({ isVerified }) => !isVerified)
        .map(({ name }) => `${where} has the CA ${name} without proof of possession`);
    if (now.trust === "root") {
        return [
            ...(pending.includes("root") ? [] : unproven),
            ...(now.rootKeys === "offline"
                ? // Intermediates that were trusted before stay until it is proven.
                  pending.includes("root")
                    ? []
                    : differ(`the number of CAs of ${where}`, names.length, 1)
                : differAsSets(`the CAs of ${where}`, names, roots)),
        ];
    }
    const cas = groups.flatMap(({ authorities }) => authorities);
    const expected = cas.filter(({ name }) => !pending.includes(name)).map((one) => one.commonName);
    if (cas.length > expected.length) {
        // What a CA that awaits its signature replaces stays meanwhile, so there may be more.
        const lost = expected.filter((name) => !names.includes(name));
        return [...unproven, ...lost.map((name) => `${where} lacks the CA ${name}`)];
    }
    return [...unproven, ...differAsSets(`the CAs of ${where}`, names, expected)];
}

/** A CA that is only retained keeps the name that it was made with. */
function asMade(now: Effective, authorities: ReadonlyMap<string, string>): Effective {
    const named = (ca: EffectiveCa, index: number): EffectiveCa => {
        const pem = index === 0 ? undefined : authorities.get(ca.name);
        return pem === undefined ? ca : { ...ca, commonName: commonName(pem) };
    };
    const groups = now.groups.map((group) => ({
        ...group,
        authorities: group.authorities.map(named),
    }));
    return { ...now, groups };
}

/** Common names of the roots that are in use: the present one, and those that intermediates are still under. */
function rootNames(now: Effective, authorities: ReadonlyMap<string, string>): string[] {
    const signers = now.groups
        .flatMap((group) => group.authorities)
        .flatMap(({ name }) => authorities.get(name) ?? [])
        .flatMap((pem) => rootOf(new X509Certificate(pem), authorities)?.pem ?? []);
    return [...new Set([now.root.commonName, ...signers.map(commonName)])];
}

function commonName(pem: string): string {
    return /^CN=(.*)$/m.exec(new X509Certificate(pem).subject)?.[1] ?? "";
}

function serviceProblems(
    config: WalkConfig,
    now: Effective,
    { service, hub, dump }: Seen,
    pending: readonly string[],
    roots: readonly string[],
): string[] {
    const { dps } = config;
    const count = dump.provisioning.services.length;
    if (dps === undefined || service === undefined || count !== 1) {
        const expected = dps === undefined ? 0 : 1;
        return differ("the number of provisioning services", count, expected);
    }
    const { name, prefix = "iot-dps", units = 1, allocationPolicy = "Hashed", weight = 1 } = dps;
    const { linkedHubs = [] } = dps as { linkedHubs?: { weight: number }[] };
    const enrolled = now.groups.filter(({ provisioning }) => provisioning !== "listed");
    const weights = service.linkedHubs.map((one) => [one.name, one.allocationWeight] as const);
    return [
        ...nameProblems("the provisioning service's name", service.name, name, prefix),
        ...differ("the provisioning service's region", service.location, now.location),
        ...differ("the provisioning service's units", service.sku.capacity, units),
        ...differ(
            "the provisioning service's allocation policy",
            service.allocationPolicy,
            allocationPolicy,
        ),
        ...differ(
            "the linked hubs' weights",
            Object.fromEntries(weights),
            Object.fromEntries([
                [hub.hostName, weight],
                ...linkedHubs.map((one) => [`${foreignHubName}.azure-devices.net`, one.weight]),
            ]),
        ),
        ...caProblems(
            "the provisioning service",
            service.certificates,
            now,
            enrolled,
            pending,
            roots,
        ),
        ...enrollmentProblems(now, enrolled, service, pending),
    ];
}

function ciProblems({ ci }: WalkConfig, { dump }: Seen): string[] {
    const held = dump.directory.applications.flatMap(({ properties, federated }) =>
        federated.map(({ subject }) => `${properties.displayName}: ${subject}`),
    );
    const expected = (name: string, subjects: readonly string[] = []) =>
        subjects.map(
            (one) => `iot-x509 ${name} of ${ci?.repository}: repo:${ci?.repository}:${one}`,
        );
    return differAsSets("the subjects that may log in for CI", held, [
        ...expected("CI", ci?.subjects),
        ...expected("previews", ci?.previewSubjects),
    ]);
}

/** Severities of the rules, and whom they tell. */
function alertProblems({ alerts }: WalkConfig, { dump }: Seen): string[] {
    const given = alerts as { emails?: string[]; webhooks?: string[]; days?: number[] } | undefined;
    const ofType = (type: string) =>
        dump.monitoring.resources.filter((one) => one.type.endsWith(`/${type}`));
    const receivers = ofType("actionGroups").flatMap(({ properties }) => [
        ...(properties.emailReceivers ?? []).map(({ emailAddress }) => emailAddress),
        ...(properties.webhookReceivers ?? []).map(() => "a webhook"),
    ]);
    const bands = given === undefined ? 0 : (given.days ?? [30, 14, 7]).length + 1;
    return [
        ...differ("the number of alert rules", ofType("scheduledQueryRules").length, bands),
        ...differ("the number of workspaces", ofType("workspaces").length, Math.min(bands, 1)),
        ...differAsSets("the receivers of alerts", receivers, [
            ...(given?.emails ?? []),
            ...(given?.webhooks ?? []).map(() => "a webhook"),
        ]),
    ];
}

/** What is on Azure although nothing should be, and what of somebody else's is not there. */
export function leftovers({ arm, hubs, provisioning, directory }: Dump): string[] {
    const isForeign = ({ name }: { name: string }): boolean =>
        name === foreignGroup || name === foreignHubName;
    return [
        ...arm.groups
            .filter((one) => !isForeign(one))
            .map(({ name }) => `the resource group ${name} is left`),
        ...hubs.hubs.filter((one) => !isForeign(one)).map(({ name }) => `the hub ${name} is left`),
        ...provisioning.services.map(({ name }) => `the provisioning service ${name} is left`),
        ...directory.applications
            .filter(({ federated }) => federated.length > 0)
            .map(({ properties }) => `the application ${properties.displayName} is left`),
        ...(hubs.hubs.some(isForeign) ? [] : ["the hub of somebody else is gone"]),
    ];
}
