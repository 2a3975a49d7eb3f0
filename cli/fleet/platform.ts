import { shellWord } from "../../components/text/shellWords";
import { StackFileError } from "../stackFiles/planConfig";
import { PulumiCli } from "./pulumiCli";

/** The organization of every stack in a backend without organizations, such as files or a bucket. */
const onlyOrganization = "organization";

export interface Platform {
    /** Name of the hub's stack, without organization and project. */
    readonly name: string;
    /** All stacks of the project, as they were then. */
    readonly stacks: readonly string[];
}

/**
 * Finds the hub's stack by its name without organization and project, after checking that both are this folder's: all
 * commands name stacks by the last part only, which means a stack of the default organization.
 *
 * @param given `STACK`, `ORGANIZATION/STACK` or `ORGANIZATION/PROJECT/STACK`
 * @throws StackFileError if the stack is elsewhere or does not exist
 */
export async function findPlatform(
    given: string,
    project: string,
    cli: Pick<PulumiCli, "defaultOrganization" | "stacks">,
): Promise<Platform> {
    const parts = given.split("/");
    const name = parts[parts.length - 1];
    if (parts.length > 3 || parts.includes("")) {
        throw new StackFileError(
            `"${given}" is not a stack name — write STACK or ORGANIZATION/PROJECT/STACK`,
        );
    }
    if (parts.length === 3 && parts[1] !== project) {
        throw new StackFileError(
            `the stack "${given}" belongs to the project ${parts[1]}, but this folder's project is ${project} — ` +
                `run the command in the folder of that project`,
        );
    }
    if (parts.length > 1) {
        await requireOrganization(given, parts[0], cli);
    }
    const stacks = await cli.stacks();
    const elsewhere = stacks.find((one) => one.endsWith(`/${name}`));
    if (!stacks.includes(name)) {
        throw elsewhere === undefined
            ? new StackFileError(
                  `the stack "${given}" does not exist — pulumi stack init ${shellWord(name)}`,
              )
            : notDefault(elsewhere, elsewhere.split("/")[0]);
    }
    return { name, stacks };
}

async function requireOrganization(
    given: string,
    organization: string,
    cli: Pick<PulumiCli, "defaultOrganization">,
): Promise<void> {
    const present = await cli.defaultOrganization();
    if (present === undefined && organization !== onlyOrganization) {
        throw new StackFileError(
            `the stack "${given}" is not in this backend, which has no organizations — write the stack's name alone, ` +
                `or log in to the backend that contains it (pulumi login)`,
        );
    }
    if (present !== undefined && organization !== present) {
        throw notDefault(given, organization);
    }
}

function notDefault(stack: string, organization: string): StackFileError {
    return new StackFileError(
        `the stack "${stack}" is not in your default organization, where its fleet stacks would be ` +
            `created — pulumi org set-default ${shellWord(organization)}`,
    );
}
