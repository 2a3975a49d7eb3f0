import { Placement } from "./placement";
import { Outcome } from "./stackRun";

/** The outcome of all stacks. */
export interface FleetOutcome {
    readonly stacks: readonly Outcome[];
    /** For a preview, if device resources must move first; then no stack can be previewed. */
    readonly awaited?: Placement;
}
