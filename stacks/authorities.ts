import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../components/pki/certificateAuthority";
import { PreviousState } from "./previousState";
import { CaMakeup, hasEnded, hoursWithinRoot, PriorCas } from "./priorCas";
import { Root, RootCas } from "./rootCas";
import { GroupSettings, intermediateCommonName, Settings } from "./settings";

/** A CA with its certificate and key. */
export interface SigningCa {
    /** PEM. */
    readonly certificate: pulumi.Output<string>;
    /** PKCS#8 PEM, secret. */
    readonly privateKey: pulumi.Output<string>;
}

/** An intermediate that has a certificate. */
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
    /** The current root first, then those that still have intermediates. */
    readonly roots: readonly Root[];
    /** Intermediates that have a certificate: each group's current generation, then those that a rollover retains. */
    readonly intermediates: readonly Intermediate[];
    /** Each group's newest intermediate that can sign, by group; absent while its first awaits an offline signature. */
    readonly issuers: ReadonlyMap<string, SigningCa>;
    /** By name. */
    readonly pending: ReadonlyMap<string, PendingIntermediate>;
}

/** Declares roots and intermediates. An existing intermediate stays under the root that signed it. */
export function createAuthorities(settings: Settings, previous = PreviousState.none): Authorities {
    const prior = new PriorCas(previous);
    const roots = new RootCas(settings, prior);
    const intermediates: Intermediate[] = [];
    const issuers = new Map<string, SigningCa>();
    const pending = new Map<string, PendingIntermediate>();
    for (const group of settings.groups) {
        const { generation: present, validityDays, certificatePems } = group.intermediate;
        for (const generation of generationsOf(group)) {
            const name = `${group.name}-g${generation}`;
            const made = createIntermediate(settings, group, generation, roots, prior);
            const { certificate, privateKey, signingRequest } = made;
            if (certificate !== undefined) {
                const issuer = { certificate, privateKey };
                intermediates.push({ ...issuer, name, group, generation });
                issuers.set(group.name, issuers.get(group.name) ?? issuer);
            }
            const isAwaited =
                settings.pki.root.keys === "offline" && certificatePems[generation] === undefined;
            if (isAwaited && signingRequest !== undefined && isNeeded(generation, present, made)) {
                pending.set(name, { signingRequest, group: group.name, generation, validityDays });
            }
        }
    }
    return { roots: roots.all(), intermediates, issuers, pending };
}

/** The current generation, then those that a rollover retains, newest first. */
function generationsOf({ intermediate }: GroupSettings): number[] {
    const { generation, retain } = intermediate;
    return [generation, ...[...retain].sort((one, other) => other - one)];
}

/** A retained generation that another root signed continues unchanged. */
function isNeeded(generation: number, present: number, made: CertificateAuthority): boolean {
    return generation === present || made.certificate === undefined;
}

/** Whether a group has a CA that can sign, or gets one in this run; an offline root signs elsewhere. */
export function hasIssuer({ pki }: Settings, group: GroupSettings): boolean {
    const { certificatePems } = group.intermediate;
    return (
        pki.root.keys === "managed" ||
        generationsOf(group).some((generation) => certificatePems[generation] !== undefined)
    );
}

function createIntermediate(
    settings: Settings,
    group: GroupSettings,
    generation: number,
    roots: RootCas,
    prior: PriorCas,
): CertificateAuthority {
    const { validityDays, certificatePems } = group.intermediate;
    const name = `${group.name}-g${generation}`;
    const certificatePem = certificatePems[generation];
    const root = certificatePem === undefined ? roots.signerOf(name) : undefined;
    const before = prior.intermediate(name);
    // A retained generation is being phased out, so it must remain deletable.
    const protect = settings.protect && generation === group.intermediate.generation;
    return new CertificateAuthority(
        name,
        {
            ...makeup(settings, group, generation, prior),
            ...(root === undefined
                ? { validityHours: validityDays * 24, signedElsewhere: { certificatePem } }
                : {
                      validityHours: hoursWithinRoot(
                          (root.isFormer && before?.validityHours) || validityDays * 24,
                          before,
                          root.present,
                          root.validityHours,
                      ),
                      issuer: root.authority,
                      // @pulumi/tls re-signs an expired certificate, which protection would block permanently.
                      isRenewed: hasEnded(before) || root.isRenewed,
                  }),
        },
        { protect },
    );
}

/**
 * A retained generation is never changed, because devices still under it could not connect otherwise. Under an offline root
 * the key stays, too: a new key would wait for its signature after the current one is gone.
 */
function makeup(
    { organization, country, pki }: Settings,
    { name: group, intermediate }: GroupSettings,
    generation: number,
    prior: PriorCas,
): CaMakeup {
    const { commonName, keyAlgorithm } = intermediate;
    const name = `${group}-g${generation}`;
    const before = prior.makeup(name);
    const wanted = {
        commonName: intermediateCommonName(commonName, generation),
        organization,
        country,
        keyAlgorithm,
    };
    if (before === undefined) {
        return wanted;
    }
    if (generation !== intermediate.generation) {
        return before;
    }
    if (pki.root.keys === "managed" || before.keyAlgorithm === keyAlgorithm) {
        return wanted;
    }
    void pulumi.log.warn(
        `the intermediate ${name} keeps its key (${before.keyAlgorithm}): under an offline root, a key of ${keyAlgorithm} needs ` +
            `a new generation (groups.${group}.intermediate.generation)`,
    );
    return { ...wanted, keyAlgorithm: before.keyAlgorithm };
}
