import {
    FormerCertificate,
    generationOfIssuer,
    readFormer,
} from "../../components/pki/formerCertificates";
import { deviceTypes } from "../../stacks/previousState";
import { HeldFleet, HeldResource } from "../diff/heldFleet";
import { certificateText } from "./certificateText";
import { CertificateText } from "./row";

const authorityType = "iot-x509:pki:CertificateAuthority";

/** A CA of the stack. */
export interface HeldCa extends CertificateText {
    /** Name of its resource. */
    readonly name: string;
    /** Group that it signs for; null: it is a root. */
    readonly group: string | null;
    readonly generation: number;
    /** Where its certificate is: an offline root's is in a file that the settings name. */
    readonly source: "state" | "settings";
}

/** A device in the states. */
export interface HeldDevice {
    readonly id: string;
    readonly group: string | null;
    /** Undefined: the device has its own certificate, or awaits its CA. */
    readonly certificate: CertificateText | undefined;
    /** Generation of the CA that signed it; null: unknown. */
    readonly generation: number | null;
    readonly former: readonly FormerCertificate[];
}

/** What the states hold. None of it is secret, so the states are read encrypted. */
export interface HeldCertificates {
    readonly authorities: readonly HeldCa[];
    readonly devices: readonly HeldDevice[];
    /** ARM ID and host name of the hub; undefined: the stack was never deployed. */
    readonly hub: HeldHub | undefined;
    readonly service: HeldService | undefined;
}

export interface HeldHub {
    readonly id: string;
    readonly hostName: string;
}

export interface HeldService {
    /** ARM ID; undefined: not in the state. */
    readonly id: string | undefined;
    /** Host name of its service API. */
    readonly hostName: string;
}

/**
 * Reads the states of a hub's stack and its fleet stacks.
 *
 * @param offlineRoot PEM of a root that is not a resource
 */
export function heldCertificates(
    resources: readonly HeldResource[],
    hubStack: string,
    offlineRoot: string | undefined,
): HeldCertificates {
    const fleet = new HeldFleet(resources, hubStack);
    const { outputs } = fleet.previous;
    const authorities = [...fleet.previous.all(authorityType)].flatMap(([name, { certificate }]) =>
        typeof certificate === "string" && certificate !== ""
            ? [heldCa(name, certificate, "state")]
            : [],
    );
    const offline = offlineRoot === undefined ? [] : [heldCa("root", offlineRoot, "settings")];
    return {
        authorities: [...offline, ...authorities],
        devices: [...fleet.devices].map((id) => heldDevice(id, fleet)),
        hub: outputs.hub as HeldHub | undefined,
        service: heldService(resources, outputs.provisioning),
    };
}

function heldCa(name: string, pem: string, source: HeldCa["source"]): HeldCa {
    const [, group = null, generation] = /^(.+)-g(\d+)$/.exec(name) ?? [];
    const [, rootGeneration = "1"] = /^root(?:-(\d+))?$/.exec(name) ?? [];
    return {
        ...certificateText(pem),
        name,
        group,
        generation: Number(generation ?? rootGeneration),
        source,
    };
}

function heldDevice(id: string, fleet: HeldFleet): HeldDevice {
    const { certificate, former } = fleet.previous.find(deviceTypes.certificate, id) ?? {};
    const isThere = typeof certificate === "string";
    return {
        id,
        group: fleet.groupOf(id),
        certificate: isThere ? certificateText(certificate) : undefined,
        generation: isThere ? generationOfIssuer(certificate) || null : null,
        former: ((former ?? []) as readonly string[]).map(readFormer),
    };
}

function heldService(resources: readonly HeldResource[], output: unknown): HeldService | undefined {
    const { serviceHostName } = (output ?? {}) as { readonly serviceHostName?: string };
    if (serviceHostName === undefined) {
        return undefined;
    }
    const component = resources.find(({ type }) => type === "iot-x509:dps:ProvisioningService");
    const id = component?.outputs?.serviceId;
    return { id: typeof id === "string" ? id : undefined, hostName: serviceHostName };
}
