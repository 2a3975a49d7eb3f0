import { Standing } from "../../components/registry/rolloverEvidence";

/** A device that has, or may still have, a certificate of an earlier generation. */
export interface RollingDevice extends Standing {
    readonly id: string;
    /** When the last such certificate ends, ISO 8601; null: unknown. */
    readonly until: string | null;
    /** ISO 8601; null: it never connected, or nobody was asked. */
    readonly lastActivity: string | null;
}

/** A generation that is on its way out. */
export interface EarlierGeneration {
    readonly generation: number;
    /** Whether the settings still retain it. If not, the next `up` removes it. */
    readonly isRetained: boolean;
    readonly devices: readonly RollingDevice[];
}

/** Where one group stands. */
export interface GroupRollover {
    readonly group: string;
    /** The one that the settings name. */
    readonly generation: number;
    /** Whether the state has that one. */
    readonly isDeployed: boolean;
    readonly isBlocked: boolean;
    readonly earlier: readonly EarlierGeneration[];
    /** What to do now: sentences and commands. */
    readonly next: readonly string[];
}

/** Devices that have not moved, or of which nothing is known. */
export function waiting({ devices }: EarlierGeneration): RollingDevice[] {
    return devices.filter(({ state }) => state !== "moved");
}
