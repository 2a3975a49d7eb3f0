import { Placement } from "./placement";
import { PulumiCli } from "./pulumiCli";
import { ExportedState, given, received } from "./stackState";

/**
 * Brings parts of devices to the stacks that they belong to. Only states change. (`pulumi state move` refuses stacks whose
 * default providers were configured differently, pulumi/pulumi#16983; and those of these stacks always are.)
 *
 * Every receiving state is written before any giving one, so an interrupted move leaves parts in both and loses none; the
 * next run clears that up.
 */
export async function carryOut({ moves, leftovers }: Placement, cli: PulumiCli): Promise<void> {
    const states = new Map<string, ExportedState>();
    for (const stack of new Set(moves.flatMap(({ from, to }) => [from, to]))) {
        states.set(stack, await cli.exportState(stack, "decrypted"));
    }
    const state = (stack: string): ExportedState => states.get(stack) as ExportedState;
    const urns = new Map<string, Set<string>>();
    for (const { from, to, parts } of moves) {
        const moved = new Set(parts.map(({ urn }) => urn));
        states.set(to, received(state(to), to, state(from), from, moved));
        urns.set(from, new Set([...(urns.get(from) ?? []), ...moved]));
    }
    for (const stack of new Set(moves.map(({ to }) => to))) {
        await cli.importState(stack, state(stack));
    }
    for (const [stack, moved] of urns) {
        await cli.importState(stack, given(state(stack), moved));
    }
    for (const { stack, parts } of leftovers) {
        const left = new Set(parts.map(({ urn }) => urn));
        await cli.importState(stack, given(await cli.exportState(stack), left));
    }
}
