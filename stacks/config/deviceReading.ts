import { CsrFacts } from "../../components/x509/csr";
import { DeviceSettings } from "../settings";
import { GivenThumbprint } from "./thumbprints";

/** One device, with what is needed to compare it with all others. */
export interface DeviceReading {
    readonly settings: DeviceSettings;
    /** Path of its ID. */
    readonly idPath: string;
    readonly csr: { readonly path: string; readonly facts: CsrFacts } | undefined;
    readonly thumbprints: readonly GivenThumbprint[];
}
