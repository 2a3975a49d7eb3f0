import { EstContainerSettings } from "../settings";
import { Section } from "./section";

const registryPattern =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerRegistry\/registries\/[A-Za-z0-9]{5,50}$/i;

/** The EST service on Azure; undefined: the stack does not configure it. */
export function readEstContainer(est: Section): EstContainerSettings | undefined {
    if (!est.has("container")) {
        return undefined;
    }
    const container = est.section("container", "the EST service's container", [
        "image",
        "dnsLabel",
        "registry",
        "cpu",
        "memoryGb",
    ]);
    const image = container.requiredText("image", {
        pattern: /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+(:[\w.-]{1,128}|@sha256:[0-9a-f]{64})$/,
        rule: "must be the name of an image with its registry and a tag or digest",
        remedy: "write for example contoso.azurecr.io/iot-x509-est:1.0",
    });
    const registryId = container.has("registry")
        ? container.requiredText("registry", {
              pattern: registryPattern,
              rule: "must be the resource ID of an Azure container registry",
              remedy: "az acr show --name NAME --query id --output tsv",
          })
        : undefined;
    const name = (registryId ?? "").split("/").pop()?.toLowerCase() ?? "";
    if (name !== "" && image !== "" && !image.startsWith(`${name}.`)) {
        container.bad(
            "registry",
            `must be the registry of the image (${image})`,
            "name the registry that holds the image",
        );
    }
    return {
        image,
        registryId,
        // Azure docs: container-instances, "DNS name label"; ARM: 5 to 63 characters.
        dnsLabel: container.requiredText("dnsLabel", {
            pattern: /^[a-z][a-z0-9-]{3,61}[a-z0-9]$/,
            rule: "must be 5 to 63 lower-case letters, digits or hyphens, from a letter to a letter or digit",
            remedy: "choose a name that nobody has in the region, e.g. contoso-est",
        }),
        cpu: container.integer("cpu", 1, 4, 1),
        memoryGb: container.integer("memoryGb", 1, 16, 1),
    };
}
