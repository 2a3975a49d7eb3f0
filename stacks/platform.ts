import * as pulumi from "@pulumi/pulumi";
import { Sharding } from "../components/sharding/sharding";
import { CiIdentity, CiIdentityArgs } from "../components/entra/ciIdentity";
import { Hub, keysNeeded, PresentHubArgs } from "../components/iothub/hub";
import { HubAudit } from "../components/registry/hubAudit";
import { LeavingCa } from "../components/registry/rolloverEvidence";
import { PresentHub, readHub, readPolicies } from "../components/iothub/presentHub";
import { VerifiedCertificate } from "../components/caCertificates/verifiedCertificate";
import { AlertScope } from "../components/alerts/alertTarget";
import { createAlertTarget } from "./alerts";
import { Authorities, createAuthorities } from "./authorities";
import { createEst } from "./estService";
import { FleetBase } from "./fleetBase";
import { refuseOtherKeys } from "./givenCas";
import { refuseTierChange } from "./hubTier";
import { presentDevices, presentInFleet } from "./presentDevices";
import { deviceTypes, PreviousState, readPreviousState } from "./previousState";
import { presentPlace } from "./presentPlace";
import { createProvisioning, Provisioning } from "./provisioning";
import { leavingCas } from "./rollover";
import { ResourceGroup, resourceGroup } from "./resourceGroup";
import { createRoutes, Routes } from "./routes";
import { presentServiceAddress, serviceType } from "./serviceLinks";
import { Settings } from "./settings";
import { fleetStackName, shardNames, shardsValue } from "./shards";
import { confirmDirectory, SignedIn } from "./signIn";
import { sayUnread } from "./unreadKeys";
import { createTrust, keptUntilProof, refuseUnprovenRoot, trustType } from "./trust";
import { refuseUnrevocable, warnOfSharedRoot } from "./unrevocable";
import { isListed, registersAtDps } from "./deviceProvisioning";

/** What the devices of an environment depend on. */
export interface Platform {
    readonly resourceGroup: ResourceGroup;
    readonly hub: Hub;
    readonly routes: Routes;
    readonly authorities: Authorities;
    /** CA certificates on the hub, by name. */
    readonly trusted: ReadonlyMap<string, VerifiedCertificate>;
    readonly provisioning: Provisioning | undefined;
    /** What alert rules share; undefined: there are none. */
    readonly alerts: AlertScope | undefined;
    /** The identities with which a repository's workflows deploy and preview. */
    readonly ci: CiIdentities | undefined;
}

interface CiIdentities {
    readonly deployer: CiIdentity;
    readonly previewer: CiIdentity | undefined;
}

const federatedCredentialType =
    "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential";

const hubKeysRight = "Microsoft.Devices/IotHubs/listkeys/action";

/** Declares the resource group, hub, CAs and proofs of one environment. */
export async function createPlatform(
    settings: Settings,
    signedIn: SignedIn,
    previous = PreviousState.none,
): Promise<Platform> {
    refuseOtherKeys(settings, previous);
    refuseUnprovenRoot(settings, previous);
    refuseUnrevocable(settings, previous);
    warnOfSharedRoot(settings);
    if (settings.ci !== undefined) {
        await confirmDirectory(signedIn);
    }
    await auditHub(settings, previous);
    const group = await resourceGroup(settings, previous);
    const deployer = settings.hub.dataRole === "assign" ? signedIn.deployer : undefined;
    const { name: hubName, prefix, sku, units, minTlsVersion, localAuth } = settings.hub;
    const routes = await createRoutes(
        settings,
        {
            resourceGroupName: group.name,
            subscriptionId: signedIn.deployer.subscriptionId,
            hubDomain: signedIn.cloud.hubDomain,
        },
        previous,
    );
    const declared = { sku, units, localAuth, isLinked: settings.dps !== undefined };
    const present = await presentHub(settings, previous, { ...declared, routes: routes.hub });
    const hub = new Hub(
        "iot",
        {
            ...declared,
            hubName,
            prefix,
            minTlsVersion,
            location: settings.location,
            domain: signedIn.cloud.hubDomain,
            resourceGroupName: group.name,
            present,
            deployer,
            routes: routes.hub,
        },
        { protect: settings.protect },
    );
    const authorities = createAuthorities(settings, previous);
    if (settings.shards !== undefined) {
        new Sharding("sharding", String(shardsValue(settings.shards)));
    }
    const provisioning =
        settings.dps &&
        (await createProvisioning(settings, settings.dps, {
            resourceGroupName: group.name,
            hub,
            authorities,
            deployer,
            signedIn,
            owner: ownerName(),
            previous,
            presentHub: present,
        }));
    const trusted = createTrust(
        settings,
        {
            id: hub.hubId,
            ready: hub.ready,
            suffix: "",
            rootProof: settings.pki.root.proofPem,
            isKeptUntilProof: keptUntilProof(settings, previous),
        },
        authorities,
        // Devices that the provisioning service creates have thumbprints, so the hub needs no CA for them.
        ({ group: one }) => isListed(one) && !one.blocked,
    );
    createEst(settings, { resourceGroupName: group.name, signedIn, hub, authorities });
    return {
        resourceGroup: group,
        hub,
        routes,
        authorities,
        trusted,
        provisioning,
        alerts: createAlertTarget(settings, group.name),
        ci:
            settings.ci &&
            createCi(
                settings.ci,
                {
                    subscriptionId: signedIn.deployer.subscriptionId,
                    resourceGroupId: group.id,
                    hubId: hub.hubId,
                    provisioningServiceId: provisioning?.service.serviceId,
                },
                previous,
            ),
    };
}

/**
 * Must run before the hub is declared: when a hub is replaced, the engine immediately deletes the resources that go with
 * it, using whatever provider of dynamic resources it has, and stops that provider when the first of them is registered
 * with other settings.
 */
async function auditHub(settings: Settings, previous: PreviousState): Promise<void> {
    const { devices, hub } = settings;
    const { id } = (previous.outputs["hub"] ?? {}) as { readonly id?: string };
    const ofFleet = presentInFleet();
    const audit = new HubAudit("audit", {
        hubId: id,
        owner: ownerName(),
        isStrict: hub.isStrict,
        certificates: [...previous.all(trustType).values()].map(({ certificateName }) =>
            String(certificateName),
        ),
        devices: devices.map((device) => device.id),
        former: [...new Set([...presentDevices(previous), ...(ofFleet ?? [])])],
        areAllFormer: settings.shards === undefined || ofFleet !== undefined,
        service: presentServiceAddress(previous),
        enrollmentGroups: [
            ...settings.groups.filter(registersAtDps).map(({ name }) => name),
            ...previous.all(deviceTypes.enrollmentGroup).keys(),
        ],
        leaving: await leavingNow(settings, previous),
        accepted: settings.rollover.accept,
    });
    await audit.isRegistered;
}

/** CAs that go, with their devices; the states of fleet stacks are read only if there are such CAs. */
async function leavingNow(settings: Settings, previous: PreviousState): Promise<LeavingCa[]> {
    const now = new Date();
    const leaving = leavingCas(settings, previous, [previous], now);
    const { shards } = settings;
    if (shards === undefined || leaving.length === 0) {
        return leaving;
    }
    const gone = leaving.map(({ group }) => `group-${group}`);
    const names = new Set([...shardNames(shards, settings), ...gone]);
    const stacks = [...names].map((shard) => fleetStackName(pulumi.getStack(), shard));
    const holders = await Promise.all(stacks.map((stack) => readPreviousState(stack)));
    return leavingCas(settings, previous, holders, now);
}

/** The stack's hub before the run: from its state, or imported into it, with the name in the settings. */
async function presentHub(
    settings: Settings,
    previous: PreviousState,
    declared: Omit<PresentHubArgs, "present">,
): Promise<PresentHub | undefined> {
    const recorded = previous.find("azure-native:iothub:IotHubResource", "iot-hub");
    const { hub } = settings;
    const place = presentPlace(settings, hub, "iot", recorded, previous);
    if (place === undefined) {
        return undefined;
    }
    const found = await readHub({ ...place, recorded });
    if (found === undefined) {
        return undefined;
    }
    const present = { ...found, wasLinked: previous.all(serviceType).size > 0 };
    const { sku, properties } = present.recorded;
    refuseTierChange(place.resourceName, sku?.name, hub.sku);
    const { minTlsVersion } = properties ?? {};
    if (minTlsVersion !== hub.minTlsVersion) {
        console.log(
            `warning: the hub ${place.resourceName} accepts TLS ${minTlsVersion ?? "1.0 and 1.1"}, which Azure does not allow to change ` +
                `after its creation: to require ${hub.minTlsVersion}, create another hub (iot-x509:hub.name)`,
        );
    }
    const needed = keysNeeded({ ...declared, present });
    if (needed === undefined) {
        return present;
    }
    const policies = await readPolicies(place);
    if (policies === undefined) {
        sayUnread(`the keys of the hub ${place.resourceName}`, hubKeysRight, needed === "all");
    }
    return { ...present, policies };
}

/** For devices of the same stack. */
export function ownBase(
    { hub, authorities, provisioning, trusted }: Platform,
    previous = PreviousState.none,
): FleetBase {
    const { hubId, hostName, ready } = hub;
    return {
        previous,
        hub: {
            hubId,
            hostName,
            ready,
            isNew: previous.outputs.hub === undefined,
            ...(provisioning === undefined ? {} : { trusted }),
        },
        issuers: authorities.issuers,
        service: provisioning && {
            serviceId: provisioning.service.serviceId,
            hostName: provisioning.service.hostName,
            ready: provisioning.service.ready,
            enrollmentGroups: provisioning.enrollmentGroups,
        },
        owner: ownerName(),
    };
}

function ownerName(): string {
    return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

function createCi(
    ci: NonNullable<Settings["ci"]>,
    scopes: Pick<
        CiIdentityArgs,
        "subscriptionId" | "resourceGroupId" | "hubId" | "provisioningServiceId"
    >,
    previous: PreviousState,
): CiIdentities {
    const credentials = [...previous.all(federatedCredentialType)];
    const identity = (
        name: string,
        access: CiIdentityArgs["access"],
        subjects: readonly string[],
    ) =>
        new CiIdentity(name, {
            repository: ci.repository,
            ...scopes,
            access,
            subjects,
            formerNames: new Map(
                credentials
                    .filter(([credential]) => credential.startsWith(`${name}-credential-`))
                    .map(([credential, { subject }]) => [String(subject), credential]),
            ),
        });
    return {
        deployer: identity("ci", "deploy", ci.subjects),
        previewer:
            ci.previewSubjects.length === 0
                ? undefined
                : identity("ci-preview", "preview", ci.previewSubjects),
    };
}
