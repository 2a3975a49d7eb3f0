import { shellWord } from "../../components/text/shellWords";
import { CheckContext } from "./context";
import { error, Finding, ok, unchecked, warning } from "./finding";

/** Whether the resource group exists, or does not exist, as the settings require. */
export async function checkResourceGroup(context: CheckContext): Promise<Finding[]> {
    const { settings, encrypted } = context;
    const { resourceGroup: kind, resourceGroupName: name, location } = settings;
    if (encrypted.includes("resourceGroupName")) {
        return [
            unchecked(
                "iot-x509:resourceGroupName is encrypted, so the group was not checked",
                "a group's name is not a secret: pulumi config set iot-x509:resourceGroupName NAME",
            ),
        ];
    }
    if (name === undefined) {
        return [ok("the resource group gets a generated name")];
    }
    const present = await context.group();
    if (kind === "existing") {
        return [
            present === undefined
                ? error(
                      `iot-x509:resourceGroup is "existing", but there is no resource group "${name}"`,
                      `az group create --name ${shellWord(name)} --location ${shellWord(location)}, or set it to "create"`,
                  )
                : ok(`the resource group "${name}" exists`),
        ];
    }
    return [
        present === undefined
            ? ok(`the resource group "${name}" does not exist yet`)
            : warning(
                  `the resource group "${name}" already exists, so the first up fails unless this stack created it`,
                  "set iot-x509:resourceGroup to existing, or choose another resourceGroupName",
              ),
    ];
}
