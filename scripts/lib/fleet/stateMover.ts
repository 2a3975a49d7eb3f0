import { isDeepStrictEqual } from "util";
import { Placement } from "./placement";
import { CliError, PulumiCli } from "./pulumiCli";
import { ExportedState, given, received } from "./stackState";

/**
 * Brings parts of devices to the stacks that they belong to. Only states change. (`pulumi state move` refuses stacks whose
 * default providers were configured differently, pulumi/pulumi#16983; and those of these stacks always are.)
 *
 * Every receiving state is written before any giving one, so an interrupted move leaves parts in both and loses none; the
 * next run clears that up.
 */
export async function carryOut(
    { moves, leftovers }: Placement,
    cli: Pick<PulumiCli, "exportState" | "importState">,
): Promise<void> {
    const states = new Map<string, ExportedState>();
    for (const stack of new Set(moves.flatMap(({ from, to }) => [from, to]))) {
        states.set(stack, await cli.exportState(stack, "decrypted"));
    }
    const found = new Map(states);
    const state = (stack: string): ExportedState => states.get(stack) as ExportedState;
    const write = async (stack: string, next: ExportedState): Promise<void> => {
        // Nothing locks a state between reading and writing it.
        if (!isDeepStrictEqual(await cli.exportState(stack, "decrypted"), found.get(stack))) {
            throw new CliError(
                `the state of ${stack} changed while devices were being moved: another deployment is under way — let it ` +
                    `end, then run the same command again`,
            );
        }
        await cli.importState(stack, next);
    };
    const urns = new Map<string, Set<string>>();
    for (const { from, to, parts } of moves) {
        const moved = new Set(parts.map(({ urn }) => urn));
        states.set(to, received(state(to), to, state(from), from, moved));
        urns.set(from, new Set([...(urns.get(from) ?? []), ...moved]));
    }
    for (const stack of new Set(moves.map(({ to }) => to))) {
        await write(stack, state(stack));
        if (urns.has(stack)) {
            found.set(stack, await cli.exportState(stack, "decrypted"));
        }
    }
    for (const [stack, moved] of urns) {
        await write(stack, given(state(stack), moved));
    }
    for (const { stack, parts } of leftovers) {
        const left = new Set(parts.map(({ urn }) => urn));
        await cli.importState(stack, given(await cli.exportState(stack), left));
    }
}
