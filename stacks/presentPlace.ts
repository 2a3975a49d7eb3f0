import { isSameResourceName, isSameRegion } from "../components/azure/sameName";
import { Outputs, PreviousState } from "./previousState";
import { Settings } from "./settings";

/**
 * Where a resource of the stack is before the run: of its state, or imported into it, with the name that the settings give.
 *
 * @param name of the settings; undefined: the state's alone
 * @param recorded the resource's outputs in the state
 * @returns undefined when there is none, or the run makes another: that one has nothing of what this one has
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
