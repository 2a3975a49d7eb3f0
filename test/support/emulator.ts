import { Manage, managementClient } from "../../bench/support/sharedEmulator";
import { Emulator, EmulatorOptions } from "../../emulator/emulator";

export * from "../../bench/support/sharedEmulator";

export interface PrivateEmulator {
    readonly emulator: Emulator;
    readonly httpsPort: number;
    readonly mqttPort: number;
    /** The CA that signs the emulator's host certificates. */
    readonly caPem: string;
    readonly manage: Manage;
    stop(): Promise<void>;
}

/** An emulator of a test's own, in this process, on free ports: for moved clocks, other settings and faults. */
export async function startPrivate(options: EmulatorOptions = {}): Promise<PrivateEmulator> {
    const emulator = await Emulator.start(options);
    return {
        emulator,
        httpsPort: emulator.ports.https,
        mqttPort: emulator.ports.mqtt,
        caPem: emulator.authority.rootCertificate,
        manage: managementClient(`http://127.0.0.1:${emulator.ports.management}`),
        stop: () => emulator.stop(),
    };
}
