import { isSameResourceName, isSameRegion } from "../components/azure/sameName";
import { Outputs, PreviousState } from "./previousState";
import { Settings } from "./settings";
import { Named, Naming, wantedName } from "./wantedName";

/**
 * Where a resource of the stack is before the run: from its state, or imported into it, with the name in the settings.
 *
 * @param naming how the settings name it
 * @param recorded the resource's outputs in the state
 * @returns undefined if there is none, or if the run creates a new one, which inherits nothing from this one
 */
export function presentPlace(
    { location, resourceGroupName }: Settings,
    naming: Naming,
    named: Named,
    recorded: Outputs | undefined,
    previous: PreviousState,
): { readonly resourceGroupName: string; readonly resourceName: string } | undefined {
    const resourceName = String(recorded?.name ?? naming.name ?? "");
    const group = String(previous.outputs["resourceGroupName"] ?? resourceGroupName ?? "");
    const wanted = wantedName(naming, named, previous);
    const isReplaced =
        wanted === undefined ||
        !isSameResourceName(wanted, resourceName) ||
        (recorded !== undefined && !isSameRegion(String(recorded.location), location)) ||
        (resourceGroupName !== undefined && !isSameResourceName(resourceGroupName, group));
    return resourceName === "" || group === "" || isReplaced
        ? undefined
        : { resourceGroupName: group, resourceName };
}
