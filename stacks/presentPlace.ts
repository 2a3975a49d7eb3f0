import { isSameResourceName, isSameRegion } from "../components/azure/sameName";
import { Outputs, PreviousState } from "./previousState";
import { Settings } from "./settings";

/**
 * Where a resource of the stack is before the run: from its state, or imported into it, with the name in the settings.
 *
 * @param name from the settings; undefined: only the state's name counts
 * @param recorded the resource's outputs in the state
 * @returns undefined if there is none, or if the run creates a new one, which inherits nothing from this one
 */
export function presentPlace(
    { location, resourceGroupName }: Settings,
    name: string | undefined,
    recorded: Outputs | undefined,
    previous: PreviousState,
): { readonly resourceGroupName: string; readonly resourceName: string } | undefined {
    const resourceName = String(recorded?.name ?? name ?? "");
    const group = String(previous.outputs["resourceGroupName"] ?? resourceGroupName ?? "");
    const isReplaced =
        (name !== undefined && !isSameResourceName(name, resourceName)) ||
        (recorded !== undefined && !isSameRegion(String(recorded.location), location)) ||
        (resourceGroupName !== undefined && !isSameResourceName(resourceGroupName, group));
    return resourceName === "" || group === "" || isReplaced
        ? undefined
        : { resourceGroupName: group, resourceName };
}
