import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { ReadOptions } from "../../stacks/config";
import { Settings, Sharding } from "../../stacks/settings";
import { PlatformFile } from "../stackFiles/stackFiles";
import { FleetStacks } from "./fleetStacks";
import { PolicyPack } from "./stackRun";

export interface FleetOptions {
    /** Folder of Pulumi.yaml. */
    readonly folder: string;
    /** The stack of the hub: `STACK`, `ORGANIZATION/STACK` or `ORGANIZATION/PROJECT/STACK`. */
    readonly stack: string;
    /** Replaces the sharding in the settings; `up` writes it there. */
    readonly sharding?: Sharding;
    /** Whether states are first compared with Azure. */
    readonly refresh: boolean;
    /** URNs of resources that are neither compared nor changed, with wildcards. */
    readonly exclude?: string;
    /** For previews. */
    readonly policyPack?: PolicyPack;
    /** Number of fleet stacks deployed at once. Default: one per processor. */
    readonly atOnce?: number;
    readonly say: (line: string) => void;
    /** See {@link ReadOptions.onUnusableFile}: for who deploys nothing. */
    readonly onUnusableFile?: ReadOptions["onUnusableFile"];
    /** Receives the engine's events for each stack. */
    readonly onEvent?: (event: EngineEvent) => void;
}

/** What a run is based on, read once. */
export interface Present {
    readonly settings: Settings;
    /** Names of encrypted settings. */
    readonly encrypted: readonly string[];
    /** Settings of azure-native that are not encrypted, without its namespace. */
    readonly native: ReadonlyMap<string, string>;
    readonly file: PlatformFile;
    readonly stacks: FleetStacks;
}
