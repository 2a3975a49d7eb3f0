import { NamedKind } from "./armReader";
import { CheckContext, Present } from "./context";
import { error, Finding, ok, warning } from "./finding";

/** Whether the names of hub and provisioning service, which must be unique in all of Azure, are available. */
export async function checkNames(context: CheckContext): Promise<Finding[]> {
    const { settings, hubs, services } = context;
    const { hub, dps } = settings;
    const findings = [await checkName(context, "hub", hub, await hubs())];
    if (dps !== undefined) {
        findings.push(await checkName(context, "provisioning service", dps, await services()));
    }
    return findings;
}

async function checkName(
    { arm, settings }: CheckContext,
    kind: NamedKind,
    { name, prefix }: { readonly name: string | undefined; readonly prefix: string },
    present: readonly Present[],
): Promise<Finding> {
    const setting = kind === "hub" ? "iot-x509:hub" : "iot-x509:dps";
    if (name === undefined) {
        return ok(`the ${kind} gets a generated name: ${prefix}- and six random characters`);
    }
    const own = present.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (own !== undefined) {
        const group = groupOf(own.id);
        return group.toLowerCase() === settings.resourceGroupName?.toLowerCase()
            ? warning(
                  `the ${kind} "${name}" already exists, so the first up fails unless this stack created it`,
                  `adopt it (see docs/check.md), or choose another ${setting}.name`,
              )
            : error(
                  `the name "${name}" belongs to a ${kind} of this subscription, in the resource group "${group}"`,
                  `choose another ${setting}.name, or set ${setting}.prefix instead`,
              );
    }
    const problem = await arm.nameProblem(kind, name);
    return problem === undefined
        ? ok(`the name "${name}" is free for a ${kind}`)
        : error(
              `the name "${name}" is not available for a ${kind}: ${problem.split("\n")[0]}`,
              `choose another ${setting}.name, or set ${setting}.prefix instead`,
          );
}

function groupOf(id: string): string {
    return /\/resourceGroups\/([^/]+)/i.exec(id)?.[1] ?? "";
}
