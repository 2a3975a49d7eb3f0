import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../components/pki/certificateAuthority";
import { GroupSettings, intermediateCommonName, Settings } from "./settings";

/** A CA with its certificate and key. */
export interface SigningCa {
    /** PEM. */
    readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
}

/** An intermediate that has its certificate. */
export interface Intermediate extends SigningCa {
    /** `<group>-g<generation>`. */
    readonly name: string;
    readonly group: GroupSettings;
    readonly generation: number;
}

/** An intermediate that only the offline root can complete. */
export interface PendingIntermediate {
    readonly signingRequest: pulumi.Output<string>;
    readonly group: string;
    readonly generation: number;
    readonly validityDays: number;
}

/** All CAs of an environment. */
export interface Authorities {
    /** Its key is undefined when it is offline. */
    readonly root: {
        readonly certificate: pulumi.Output<string>;
        readonly privateKey?: pulumi.Output<string>;
    };
    /** The present generation of each group before those that a rollover retains. */
    readonly intermediates: readonly Intermediate[];
    /** The intermediate that signs for a group, by group; missing while it awaits an offline signature. */
    readonly issuers: ReadonlyMap<string, SigningCa>;
    /** By name. */
    readonly pending: ReadonlyMap<string, PendingIntermediate>;
}

/** Declares root and intermediates. */
export function createAuthorities(settings: Settings): Authorities {
    const rootAuthority = createRoot(settings);
    const certificate =
        rootAuthority?.certificate ?? pulumi.output(requiredPem(settings.pki.root.certificatePem));
    const intermediates: Intermediate[] = [];
    const issuers = new Map<string, SigningCa>();
    const pending = new Map<string, PendingIntermediate>();
    for (const group of settings.groups) {
        const { generation: present, retain, validityDays } = group.intermediate;
        for (const generation of [present, ...retain]) {
            const name = `${group.name}-g${generation}`;
            const made = createIntermediate(settings, group, generation, rootAuthority);
            if (made.certificate !== undefined) {
                const issuer = { certificate: made.certificate, privateKey: made.privateKey };
                intermediates.push({ ...issuer, name, group, generation });
                if (generation === present) {
                    issuers.set(group.name, issuer);
                }
            } else if (made.signingRequest !== undefined) {
                const { signingRequest } = made;
                pending.set(name, { signingRequest, group: group.name, generation, validityDays });
            }
        }
    }
    const root = { certificate, privateKey: rootAuthority?.privateKey };
    return { root, intermediates, issuers, pending };
}

/** Whether a group's present CA has its certificate, or will have it in this run; an offline root signs elsewhere. */
export function hasIssuer({ pki }: Settings, { intermediate }: GroupSettings): boolean {
    const { generation, certificatePems } = intermediate;
    return pki.root.keys === "managed" || certificatePems[generation] !== undefined;
}

function createRoot(settings: Settings): CertificateAuthority | undefined {
    const { organization, country, protect } = settings;
    const { keys, commonName, keyAlgorithm, validityDays } = settings.pki.root;
    if (keys === "offline") {
        return undefined;
    }
    return new CertificateAuthority(
        "root",
        { commonName, organization, country, keyAlgorithm, validityDays },
        { protect },
    );
}

function createIntermediate(
    settings: Settings,
    group: GroupSettings,
    generation: number,
    root: CertificateAuthority | undefined,
): CertificateAuthority {
    const { organization, country } = settings;
    const { keyAlgorithm, validityDays, commonName, certificatePems } = group.intermediate;
    return new CertificateAuthority(
        `${group.name}-g${generation}`,
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
        // One that a rollover only retains is on its way out, and must be free to go.
        { protect: settings.protect && generation === group.intermediate.generation },
    );
}

function requiredPem(pem: string | undefined): string {
    if (pem === undefined) {
        throw new Error("an offline root without a certificate passed the configuration check");
    }
    return pem;
}
