import { Placement } from "./placement";
import { Outcome } from "./stackRun";

/** What became of all stacks. */
export interface FleetOutcome {
    readonly stacks: readonly Outcome[];
    /** Of a preview, when device resources must move first: then no stack can be previewed. */
    readonly awaited?: Placement;
}
