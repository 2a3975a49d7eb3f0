/*
 * Shows what a change does to a fleet, from the engine's own preview. For options see scripts/lib/commands.mjs.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { readCommand } from "../readCommand";
import { writeRequestedFile } from "../requestedFile";
import { chosenStack } from "../stackFiles/planConfig";
import { buildDiff } from "./buildDiff";
import { enginePreview } from "./enginePreview";
import { FleetDiff } from "./fleetDiff";
import { brokenRules, closedGates, readGates } from "./gates";
import { html } from "./html";
import { withLastActivity } from "./lastActivity";
import { markdown } from "./markdown";
import { readSavedPreview } from "./savedPreview";
import { terminalLines } from "./terminal";

const statuses = { done: 0, held: 3 };

type Values = ReturnType<typeof readArguments<"diff">>["values"];

const say = (line: string): void => console.error(line);

async function diffOf({
    from,
    stack: asked,
    refresh,
    exclude,
    "policy-pack": pack,
    "policy-pack-config": config,
}: Values): Promise<FleetDiff> {
    const folder = process.cwd();
    if (from !== undefined) {
        return buildDiff(readSavedPreview(from, folder));
    }
    // With the organization, if it was given with one.
    const stack = asked ?? chosenStack(folder, undefined).stack;
    const onOpen = readCommand.endsOnSignals;
    const { hub, ...previewed } = await enginePreview({
        folder,
        stack,
        refresh,
        exclude,
        policyPack: pack === undefined ? undefined : { folder: pack, config },
        say,
        onOpen,
    });
    const diff = buildDiff(previewed);
    return hub === undefined ? diff : withLastActivity(diff, hub, say);
}

async function main(): Promise<number> {
    const { values } = readArguments("diff");
    const gates = readGates(values["fail-on"]);
    const diff = await diffOf(values);
    const isColoured = process.stdout.isTTY && process.env.NO_COLOR === undefined;
    const held = closedGates(diff, gates);
    if (values.html !== undefined) {
        writeRequestedFile(values.html, html(diff));
    }
    if (values.json) {
        console.log(JSON.stringify(diff, undefined, 2));
    } else if (values.markdown) {
        console.log(markdown(diff));
    } else {
        console.log(terminalLines(diff, isColoured).join("\n"));
    }
    const broken = brokenRules(diff);
    broken.forEach((why) => console.error(`held back by the policy pack: ${why}`));
    held.forEach((why) => console.error(`held back by --fail-on: ${why}`));
    return held.length + broken.length > 0 ? statuses.held : statuses.done;
}

readCommand.run(main);
