import { isSameResourceName, isSameRegion } from "../components/azure/sameName";
import { Outputs, PreviousState } from "./previousState";
import { Settings } from "./settings";
import { Suffix, wantedName } from "./wantedName";

/**
 * Where a resource of the stack is before the run: from its state, or imported into it, with the name in the settings.
 *
 * @param named by the settings
 * @param recorded the resource's outputs in the state
 * @returns undefined if there is none, or if the run creates a new one, which inherits nothing from this one
 */
export function presentPlace(
    { location, resourceGroupName }: Settings,
    named: Parameters<typeof wantedName>[0],
    suffix: Suffix,
    recorded: Outputs | undefined,
    previous: PreviousState,
): { readonly resourceGroupName: string; readonly resourceName: string } | undefined {
    const resourceName = String(recorded?.name ?? named.name ?? "");
    const group = String(previous.outputs["resourceGroupName"] ?? resourceGroupName ?? "");
    const wanted = wantedName(named, suffix, previous);
    const isReplaced =
        wanted === undefined ||
        !isSameResourceName(wanted, resourceName) ||
        (recorded !== undefined && !isSameRegion(String(recorded.location), location)) ||
        (resourceGroupName !== undefined && !isSameResourceName(resourceGroupName, group));
    return resourceName === "" || group === "" || isReplaced
        ? undefined
        : { resourceGroupName: group, resourceName };
}
