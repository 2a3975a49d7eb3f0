import { ExportedState, HeldPart, Placement } from "./placement";
import { PulumiCli } from "./pulumiCli";

/** URNs of one command: its arguments stay far below what an operating system takes. */
const mostAtOnce = 5000;

/**
 * Brings parts of devices to the stacks that they belong to. Only states change. The engine writes the receiving state
 * before the giving one, so an interrupted move leaves parts in both and loses none; the next run clears that up.
 */
export async function carryOut({ moves, leftovers }: Placement, cli: PulumiCli): Promise<void> {
    for (const { from, to, parts } of moves) {
        for (let at = 0; at < parts.length; at += mostAtOnce) {
            const urns = parts.slice(at, at + mostAtOnce).map(({ urn }) => urn);
            await cli.run("state", "move", "--yes", "--source", from, "--dest", to, ...urns);
        }
    }
    for (const { stack, parts } of leftovers) {
        await cli.importState(stack, without(await cli.exportState(stack), parts));
    }
}

function without(state: ExportedState, parts: readonly HeldPart[]): ExportedState {
    const left = new Set(parts.map(({ urn }) => urn));
    const { deployment } = state;
    const resources = deployment.resources?.filter(({ urn }) => !left.has(urn));
    return { ...state, deployment: { ...deployment, resources } };
}
