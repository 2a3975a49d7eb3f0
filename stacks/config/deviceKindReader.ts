import { CsrFacts } from "../../components/x509/csr";
import { Files } from "./files";
import { Section } from "./section";
import { GivenThumbprint } from "./thumbprints";

/** A device of the configuration as the reader of its kind gets it. */
export interface GivenDevice {
    readonly section: Section;
    /** Empty after a problem with it was reported. */
    readonly id: string;
    /** The folder that file names are relative to. */
    readonly base: string;
    readonly files: Files;
    readonly isEnabled: boolean;
}

/** What a reader found: the authentication, and what the comparison of all devices needs. */
export interface ReadAuthentication<A> {
    readonly authentication: A;
    readonly csr?: { readonly path: string; readonly facts: CsrFacts };
    readonly thumbprints?: readonly GivenThumbprint[];
}

/** What the configuration knows of one kind of device authentication. */
export interface DeviceKindReader<A> {
    /** The value of the setting `auth`; kinds may share one. */
    readonly auth: string;
    /** Keys of a device that mean something with this `auth` alone, in the order in which documents name them. */
    readonly keys: Readonly<Record<string, "text" | "list">>;
    /** Those of them that `deviceDefaults` may give. */
    readonly defaultable: readonly string[];
    /** Undefined when no CA signs for the device, which then needs no group. */
    readonly certificate: object | undefined;
    /** Whether a device with this `auth` is of this kind. The first kind of the table that says so takes it. */
    isGiven(device: Section): boolean;
    /**
     * Reads what all devices have in common, once, and returns the reader of a single one.
     *
     * @param top the stack's settings
     * @param defaults `deviceDefaults`
     */
    reader(top: Section, defaults: Section): (device: GivenDevice) => ReadAuthentication<A>;
}
