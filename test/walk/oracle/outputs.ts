import { X509Certificate } from "crypto";
import { WalkConfig } from "../model/config";
import { effective } from "../model/effective";
import { differ, differAsSets, Seen } from "./seen";

/** What the outputs of a stack without fleet stacks say of its devices. */
export function outputProblems(config: WalkConfig, seen: Seen): string[] {
    const { devices, outputDevices } = effective(config);
    const { fleet, devices: shown = {} } = seen.outputs as {
        fleet?: { devices: number; byAuthentication: Record<string, number> };
        devices?: Record<string, { certificate?: string }>;
    };
    if (config.shards !== undefined) {
        return [];
    }
    const count = (kind: string): number => devices.filter((one) => one.kind === kind).length;
    const certificates = seen.resources.filter(({ type }) => type === "DeviceCertificate");
    return [
        ...differAsSets("the output devices", Object.keys(shown), outputDevices),
        ...differ("the output fleet.devices", fleet?.devices, devices.length),
        ...differ("the output fleet.byAuthentication", fleet?.byAuthentication, {
            csr: count("csr"),
            generated: count("generated"),
            thumbprint: count("thumbprint"),
        }),
        ...Object.entries(shown).flatMap(([id, { certificate }]) => {
            const made = certificates.find(({ name }) => name === id)?.outputs.certificate;
            return typeof made === "string" && typeof certificate === "string"
                ? differ(
                      `the output certificate of ${id}`,
                      new X509Certificate(certificate).fingerprint256,
                      new X509Certificate(made).fingerprint256,
                  )
                : [];
        }),
    ];
}
