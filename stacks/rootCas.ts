import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../components/pki/certificateAuthority";
import { hasEnded, PriorCas, PriorCertificate } from "./priorCas";
import { rootName, Settings } from "./settings";

const hoursPerDay = 24;

/** A root; the key is undefined if it is offline. */
export interface Root {
    /** `root`, `root-2` … */
    readonly name: string;
    readonly certificate: pulumi.Output<string>;
    readonly privateKey?: pulumi.Output<string>;
}

/** A root whose key the program has. */
export interface ManagedRoot {
    readonly authority: CertificateAuthority;
    /** Its certificate in the state, if it stays; undefined if this run makes one. */
    readonly present: PriorCertificate | undefined;
    readonly validityHours: number;
    /** The configuration no longer uses it; what is under it stays unchanged. */
    readonly isFormer: boolean;
    /** Its certificate has expired, and @pulumi/tls makes a new one for the same key in this run. */
    readonly isRenewed: boolean;
}

interface RootDescription {
    readonly commonName: string;
    readonly organization: string;
    readonly country: string | undefined;
    readonly keyAlgorithm: Settings["pki"]["root"]["keyAlgorithm"];
    readonly validityHours: number;
}

/**
 * The roots of an environment. A root that the configuration replaced by a new generation or an offline root stays as it is
 * in the state while an intermediate is under it.
 */
export class RootCas {
    private readonly managed = new Map<string, ManagedRoot>();
    /** Name of the managed root that signs new certificates. */
    private readonly present: string | undefined;

    constructor(
        private readonly settings: Settings,
        private readonly prior: PriorCas,
    ) {
        const { keys, generation, commonName, keyAlgorithm, validityDays } = settings.pki.root;
        if (keys === "managed") {
            const { organization, country } = settings;
            const validityHours = validityDays * hoursPerDay;
            this.present = rootName(generation);
            this.create(this.present, {
                commonName,
                organization,
                country,
                keyAlgorithm,
                validityHours,
            });
        }
    }

    /** The managed root that signed or will sign an intermediate; undefined: the offline root does. */
    signerOf(intermediate: string): ManagedRoot | undefined {
        const name = this.prior.rootOf(intermediate) ?? this.present;
        const former = name === undefined ? undefined : this.prior.root(name);
        if (name === undefined) {
            return undefined;
        }
        return this.managed.get(name) ?? (former && this.create(name, former));
    }

    all(): Root[] {
        const { keys, certificatePem } = this.settings.pki.root;
        if (keys === "offline") {
            return [{ name: rootName(1), certificate: pulumi.output(requiredPem(certificatePem)) }];
        }
        return [...this.managed].map(([name, { authority }]) => ({
            name,
            certificate: authority.certificate ?? pulumi.output(""),
            privateKey: authority.privateKey,
        }));
    }

    private create(name: string, description: RootDescription): ManagedRoot {
        const before = this.prior.root(name);
        const isRenewed = hasEnded(before);
        const stays = before !== undefined && !isRenewed && isSame(before, description);
        const root: ManagedRoot = {
            authority: new CertificateAuthority(
                name,
                { ...description, isRenewed },
                { protect: this.settings.protect && name === this.present },
            ),
            present: stays ? before : undefined,
            validityHours: description.validityHours,
            isFormer: name !== this.present,
            isRenewed,
        };
        this.managed.set(name, root);
        return root;
    }
}

function isSame(before: RootDescription, wanted: RootDescription): boolean {
    const keys = [
        "commonName",
        "organization",
        "country",
        "keyAlgorithm",
        "validityHours",
    ] as const;
    return keys.every((key) => before[key] === wanted[key]);
}

function requiredPem(pem: string | undefined): string {
    if (pem === undefined) {
        throw new Error("an offline root without a certificate passed the configuration check");
    }
    return pem;
}
