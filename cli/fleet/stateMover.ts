import { isDeepStrictEqual } from "util";
import { HeldPart, Placement } from "./placement";
import { CliError, PulumiCli } from "./pulumiCli";
import { ExportedState, given, received, withOutput } from "./stackState";
import { platformReferenceOutput, platformOutput } from "../../stacks/shards";

/**
 * Moves device resources to the stacks that they belong to. Only states change. (`pulumi state move` refuses stacks whose
 * default providers are configured differently, pulumi/pulumi#16983, which is always the case for these stacks.)
 *
 * Before the first resource moves, the hub's state records that devices are in fleet stacks, so that a plain `pulumi up`
 * does not create them again (see refuseToMakeAnew). Then all receiving states are written before any source state, so an
 * interrupted move leaves parts in both and loses none; the next run cleans that up.
 */
export async function moveResources(
    platform: string,
    { moves, leftovers }: Placement,
    cli: Pick<PulumiCli, "exportState" | "importState">,
): Promise<void> {
    const receiving = new Set(moves.map(({ to }) => to));
    const leaving = new Map<string, Set<string>>();
    for (const { from, parts } of moves) {
        addUrns(leaving, from, parts);
    }
    const older = new Map<string, Set<string>>();
    for (const { stack, parts } of leftovers) {
        // A receiving stack drops its older copies when it is written first.
        addUrns(receiving.has(stack) ? older : leaving, stack, parts);
    }
    const states = new Map<string, ExportedState>();
    const read = async (stack: string): Promise<void> =>
        void states.set(stack, await cli.exportState(stack, "decrypted"));
    const platforms = moves.length > 0 ? [platform] : [];
    for (const stack of new Set([...platforms, ...leaving.keys(), ...receiving])) {
        await read(stack);
    }
    const found = new Map(states);
    const state = (stack: string): ExportedState => states.get(stack) as ExportedState;
    const write = async (stack: string, next: ExportedState): Promise<void> => {
        // A state is not locked between reading and writing it.
        if (!isDeepStrictEqual(await cli.exportState(stack, "decrypted"), found.get(stack))) {
            throw new CliError(
                `the state of ${stack} changed while devices were being moved: another deployment is under way — wait for it ` +
                    `to end, then run the same command again`,
            );
        }
        await cli.importState(stack, next);
    };
    for (const stack of platforms) {
        const marked = withOutput(state(stack), platformReferenceOutput, { isMoving: true });
        if (!isDeepStrictEqual(marked, state(stack))) {
            await write(stack, marked);
            await read(stack);
            found.set(stack, state(stack));
        }
    }
    for (const [stack, urns] of older) {
        states.set(stack, given(state(stack), urns));
    }
    const root = { [platformOutput]: platform };
    for (const { from, to, parts } of moves) {
        const moved = new Set(parts.map(({ urn }) => urn));
        states.set(to, received(state(to), to, state(from), from, moved, root));
    }
    for (const stack of receiving) {
        await write(stack, state(stack));
        if (leaving.has(stack)) {
            found.set(stack, await cli.exportState(stack, "decrypted"));
        }
    }
    for (const [stack, urns] of leaving) {
        await write(stack, given(state(stack), urns));
    }
}

function addUrns(map: Map<string, Set<string>>, stack: string, parts: readonly HeldPart[]): void {
    map.set(stack, new Set([...(map.get(stack) ?? []), ...parts.map(({ urn }) => urn)]));
}
