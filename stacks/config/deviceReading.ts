import { CsrFacts } from "../../components/x509/csr";
import { DeviceSettings } from "../settings";
import { GivenThumbprint } from "./thumbprints";

/** One device with what the comparison of all devices needs. */
export interface DeviceReading {
    readonly settings: DeviceSettings;
    /** Where its ID stands. */
    readonly idPath: string;
    readonly csr: { readonly path: string; readonly facts: CsrFacts } | undefined;
    readonly thumbprints: readonly GivenThumbprint[];
}
