import { devices } from "./devices";
import { dps } from "./dps";
import { est } from "./est";
import { groups } from "./groups";
import { hub } from "./hub";
import { SettingsSection } from "./model";
import { pki } from "./pki";
import { alerts, ci, stack } from "./stack";

/** Every setting of the program, in the order of the reference. */
export const sections: readonly SettingsSection[] = [
    stack,
    hub,
    dps,
    pki,
    groups,
    devices,
    est,
    ci,
    alerts,
];
