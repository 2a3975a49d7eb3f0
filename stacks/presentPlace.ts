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
        (name !== undefined && !isSameName(name, resourceName)) ||
        (recorded !== undefined && plain(String(recorded.location)) !== plain(location)) ||
        (resourceGroupName !== undefined && !isSameName(resourceGroupName, group));
    return resourceName === "" || group === "" || isReplaced
        ? undefined
        : { resourceGroupName: group, resourceName };
}

/** Azure shows a region's display name or its short form. */
function plain(location: string): string {
    return location.replace(/ /g, "").toLowerCase();
}

function isSameName(one: string, other: string): boolean {
    return one.toLowerCase() === other.toLowerCase();
}
