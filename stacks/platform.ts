import * as authorization from "@pulumi/azure-native/authorization";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { CiIdentity } from "../components/entra/ciIdentity";
import { Hub } from "../components/iothub/hub";
import { VerifiedCertificate } from "../components/iothub/verifiedCertificate";
import { CertificateAuthority } from "../components/pki/certificateAuthority";
import { GroupSettings, intermediateCommonName, Settings } from "./settings";

/** A CA that signs a group's device certificates. */
export interface Issuer {
    /** PEM. */
    readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
}

/** What the devices of an environment stand on. */
export interface Platform {
    readonly resourceGroup: resources.ResourceGroup;
    readonly hub: Hub;
    /** PEM of the root's certificate. */
    readonly rootCertificate: pulumi.Output<string>;
    /** By group; a group whose intermediate awaits an offline signature is missing. */
    readonly issuers: ReadonlyMap<string, Issuer>;
    /** Every CA with a certificate, by name. */
    readonly authorities: ReadonlyMap<string, pulumi.Output<string>>;
    /** CA certificates on the hub, by name. */
    readonly trusted: ReadonlyMap<string, VerifiedCertificate>;
    /** Signing requests of intermediates that await an offline root's signature, by name. */
    readonly signingRequests: ReadonlyMap<string, PendingIntermediate>;
    readonly ci: CiIdentity | undefined;
}

/** An intermediate that only the offline root can complete. */
export interface PendingIntermediate {
    readonly signingRequest: pulumi.Output<string>;
    readonly group: string;
    readonly generation: number;
    readonly validityDays: number;
}

/** Declares the resource group, hub, CAs and proofs of one environment. */
export async function createPlatform(settings: Settings): Promise<Platform> {
    const client = await authorization.getClientConfig();
    const resourceGroup = new resources.ResourceGroup(
        "iot-x509",
        { resourceGroupName: settings.resourceGroupName, location: settings.location },
        { protect: settings.protect },
    );
    const { name: hubName, prefix, sku, units, minTlsVersion, localAuth, dataRole } = settings.hub;
    const hub = new Hub(
        "iot",
        {
            hubName,
            prefix,
            sku,
            units,
            minTlsVersion,
            localAuth,
            location: settings.location,
            resourceGroupName: resourceGroup.name,
            deployer: dataRole === "assign" ? client : undefined,
        },
        { protect: settings.protect },
    );
    const pki = createAuthorities(settings);
    return {
        resourceGroup,
        hub,
        ...pki,
        trusted: createTrust(settings, hub, pki),
        ci: settings.ci && createCi(settings.ci, client.subscriptionId, resourceGroup, hub),
    };
}

interface Pki {
    readonly root: CertificateAuthority | undefined;
    readonly rootCertificate: pulumi.Output<string>;
    readonly intermediates: ReadonlyMap<string, CertificateAuthority>;
    readonly issuers: Map<string, Issuer>;
    readonly authorities: Map<string, pulumi.Output<string>>;
    readonly signingRequests: Map<string, PendingIntermediate>;
}

function createAuthorities(settings: Settings): Pki {
    const { organization, country, protect } = settings;
    const rootSettings = settings.pki.root;
    const root =
        rootSettings.keys === "managed"
            ? new CertificateAuthority(
                  "root",
                  { ...rootSettings, organization, country },
                  { protect },
              )
            : undefined;
    const rootCertificate =
        root?.certificate ?? pulumi.output(requiredPem(rootSettings.certificatePem));
    const intermediates = new Map<string, CertificateAuthority>();
    const issuers = new Map<string, Issuer>();
    const authorities = new Map([["root", rootCertificate]]);
    const signingRequests = new Map<string, PendingIntermediate>();
    for (const group of settings.groups) {
        for (const generation of generationsOf(group)) {
            const name = intermediateName(group, generation);
            const authority = createIntermediate(settings, group, generation, root);
            const { certificate, privateKey, signingRequest } = authority;
            if (certificate !== undefined) {
                intermediates.set(name, authority);
                authorities.set(name, certificate);
                if (generation === group.intermediate.generation) {
                    issuers.set(group.name, { certificate, privateKey });
                }
            } else if (signingRequest !== undefined) {
                const { validityDays } = group.intermediate;
                const pending = { signingRequest, group: group.name, generation, validityDays };
                signingRequests.set(name, pending);
            }
        }
    }
    return { root, rootCertificate, intermediates, issuers, authorities, signingRequests };
}

function createIntermediate(
    settings: Settings,
    group: GroupSettings,
    generation: number,
    root: CertificateAuthority | undefined,
): CertificateAuthority {
    const { organization, country, protect } = settings;
    const { keyAlgorithm, validityDays, commonName, certificatePems } = group.intermediate;
    return new CertificateAuthority(
        intermediateName(group, generation),
        {
            commonName: intermediateCommonName(commonName, generation),
            organization,
            country,
            keyAlgorithm,
            validityDays,
            ...(root === undefined
                ? { signedElsewhere: { certificatePem: certificatePems[generation] } }
                : { issuer: root }),
        },
        { protect },
    );
}

/** The present generation and those that a rollover still trusts. */
function generationsOf(group: GroupSettings): number[] {
    return [...group.intermediate.retain, group.intermediate.generation];
}

function intermediateName(group: GroupSettings, generation: number): string {
    return `${group.name}-g${generation}`;
}

function requiredPem(pem: string | undefined): string {
    if (pem === undefined) {
        throw new Error("an offline root without a certificate passed the configuration check");
    }
    return pem;
}

/** Puts the trusted CAs on the hub, each with its proof of possession. */
function createTrust(
    settings: Settings,
    hub: Hub,
    pki: Pki,
): ReadonlyMap<string, VerifiedCertificate> {
    const options = { protect: settings.protect, dependsOn: hub.ready };
    const trust = (name: string, certificate: pulumi.Output<string>, key?: pulumi.Output<string>) =>
        new VerifiedCertificate(
            name,
            { targetId: hub.hubId, name, certificate, key, proof: settings.pki.root.proofPem },
            options,
        );
    if (settings.pki.trust === "root") {
        return new Map([["root", trust("root", pki.rootCertificate, pki.root?.privateKey)]]);
    }
    const trusted = new Map<string, VerifiedCertificate>();
    for (const [name, { certificate, privateKey }] of pki.intermediates) {
        if (certificate !== undefined) {
            trusted.set(name, trust(name, certificate, privateKey));
        }
    }
    return trusted;
}

function createCi(
    ci: NonNullable<Settings["ci"]>,
    subscriptionId: string,
    resourceGroup: resources.ResourceGroup,
    hub: Hub,
): CiIdentity {
    const resourceGroupId = resourceGroup.id;
    return new CiIdentity("ci", { ...ci, subscriptionId, resourceGroupId, hubId: hub.hubId });
}
