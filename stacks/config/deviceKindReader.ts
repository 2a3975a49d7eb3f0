import { CsrFacts } from "../../components/x509/csr";
import { Files } from "./files";
import { Section } from "./section";
import { GivenThumbprint } from "./thumbprints";

/** A device of the configuration, as passed to the reader of its kind. */
export interface GivenDevice {
    readonly section: Section;
    /** Empty if a problem with it was reported. */
    readonly id: string;
    /** File names are relative to this folder. */
    readonly base: string;
    readonly files: Files;
    readonly isEnabled: boolean;
}

/** What a reader found: the authentication, and what is needed to compare all devices. */
export interface ReadAuthentication<A> {
    readonly authentication: A;
    readonly csr?: { readonly path: string; readonly facts: CsrFacts };
    readonly thumbprints?: readonly GivenThumbprint[];
}

/** How the configuration describes one kind of device authentication. */
export interface DeviceKindReader<A> {
    /** The value of the setting `auth`; kinds may share one. */
    readonly auth: string;
    /** Device keys that apply only with this `auth`, in the order in which the documentation lists them. */
    readonly keys: Readonly<Record<string, "text" | "list">>;
    /** The keys among them that `deviceDefaults` may set. */
    readonly defaultable: readonly string[];
    /** Undefined if no CA signs for the device, which then needs no group. */
    readonly certificate: object | undefined;
    /** Whether a device with this `auth` is of this kind. The first matching kind of the table is used. */
    isGiven(device: Section): boolean;
    /**
     * Reads once what all devices have in common, and returns the reader of a single device.
     *
     * @param top the stack's settings
     * @param defaults `deviceDefaults`
     */
    reader(top: Section, defaults: Section): (device: GivenDevice) => ReadAuthentication<A>;
}
