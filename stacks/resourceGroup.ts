import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { causeAndRemedy } from "../components/azure/errorWords";
import { shellWord } from "../components/text/shellWords";
import { PreviousState } from "./previousState";
import { userError } from "./userError";
import { Settings } from "./settings";

/** The resource group that holds an environment. */
export interface ResourceGroup {
    /** ARM resource ID. */
    readonly id: pulumi.Input<string>;
    readonly name: pulumi.Input<string>;
}

const logicalName = "iot-x509";

/**
 * Declares the resource group, or finds an existing one, which the program neither changes nor deletes.
 *
 * @throws pulumi.RunError if it should exist and does not, or if this stack made it: undeclared, it would be deleted
 *     with all that is in it
 */
export async function resourceGroup(
    settings: Settings,
    previous: PreviousState,
): Promise<ResourceGroup> {
    const { resourceGroup: kind, resourceGroupName, location, protect } = settings;
    if (kind === "create" || resourceGroupName === undefined) {
        return new resources.ResourceGroup(
            logicalName,
            { resourceGroupName, location },
            { protect },
        );
    }
    const own = previous.find("azure-native:resources:ResourceGroup", logicalName);
    if (own !== undefined) {
        throw userError(
            `iot-x509:resourceGroup is "existing", but this stack created the resource group "${String(own["name"])}", which ` +
                `would be deleted with everything in it: set it to "create" again`,
        );
    }
    try {
        const { id, name } = await resources.getResourceGroup({ resourceGroupName });
        return { id, name };
    } catch (error) {
        const said = (error as Error).message;
        throw userError(
            /ResourceGroupNotFound|Status=404/.test(said)
                ? `iot-x509:resourceGroup is "existing", but the subscription has no resource group "${resourceGroupName}": ` +
                      `create it (az group create --name ${shellWord(resourceGroupName)} --location ${shellWord(location)}), or set it to "create"`
                : `resource group "${resourceGroupName}": ${causeAndRemedy(said) ?? said}`,
        );
    }
}
