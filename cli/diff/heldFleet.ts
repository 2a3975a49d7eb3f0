import { own } from "../../components/dynamic/values";
import { deviceTypes, PreviousState } from "../../stacks/previousState";
import { nameOf, Properties } from "./step";

const issuerType = "pulumi-nodejs:dynamic/pki:Issuer";
const stackType = "pulumi:pulumi:Stack";

/** A resource as in states and saved previews. */
export interface HeldResource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: Properties;
    readonly outputs?: Properties;
    readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/** What the stacks hold before the change. */
export class HeldFleet {
    readonly previous: PreviousState;
    /** Groups by the digest of the CA that signs for them. */
    private readonly groupsByIssuer = new Map<unknown, string>();
    private readonly certificates = new Map<string, Properties>();

    /** @param hubStack name of the hub's stack, whose outputs are used */
    constructor(resources: readonly HeldResource[], hubStack: string) {
        const root = resources.find(
            ({ type, urn }) => type === stackType && urn.startsWith(`urn:pulumi:${hubStack}::`),
        );
        this.previous = new PreviousState(
            root?.outputs ?? {},
            Object.fromEntries(
                resources.map(({ urn, type, outputs = {} }) => [urn, { type, outputs }]),
            ),
        );
        for (const { urn, type, inputs = {}, outputs = {}, propertyDependencies } of resources) {
            if (type === issuerType) {
                this.groupsByIssuer.set(outputs.digest, nameOf(urn));
            }
            if (type === deviceTypes.certificate) {
                this.certificates.set(nameOf(urn), inputs);
                const [issuer] = propertyDependencies?.issuer ?? [];
                if (issuer !== undefined) {
                    this.groupsByIssuer.set(inputs.issuer, nameOf(issuer));
                }
            }
        }
    }

    /** Devices that were in the configuration, without those that are only kept out. */
    get devices(): ReadonlySet<string> {
        const { previous } = this;
        const ids = [deviceTypes.identity, deviceTypes.certificate, deviceTypes.registration]
            .flatMap((type) => [...previous.all(type).keys()])
            .filter((id) => previous.find(deviceTypes.registration, id)?.left === undefined);
        return new Set(ids);
    }

    /** Null: none, or unknown. */
    groupOf(device: string): string | null {
        const registered = this.previous.find(deviceTypes.registration, device)?.group;
        const issuer = this.certificates.get(device)?.issuer;
        const group = typeof registered === "string" ? registered : this.groupsByIssuer.get(issuer);
        return group ?? null;
    }

    statusOf(device: string): unknown {
        const { previous } = this;
        const held =
            previous.find(deviceTypes.identity, device) ??
            previous.find(deviceTypes.registration, device);
        return held?.status;
    }

    /** Number of devices and of disabled ones, from the last run's outputs; undefined before the first run. */
    get summary(): { readonly devices: number; readonly disabled: number } | undefined {
        const fleet = own(this.previous.outputs, "fleet") as
            { readonly devices: number; readonly disabled: number } | undefined;
        return typeof fleet?.devices === "number" ? fleet : undefined;
    }
}
