/*
 * Shows what a change does to a fleet, from the engine's own preview. For options see scripts/lib/commands.mjs.
 */
import { readArguments } from "../../scripts/lib/commands.mjs";
import { readCommand } from "../readCommand";
import { writeRequestedFile } from "../requestedFile";
import { chosenStack } from "../stackFiles/planConfig";
import { buildDiff, Previewed } from "./buildDiff";
import { enginePreview } from "./enginePreview";
import { closedGates, readGates } from "./gates";
import { html } from "./html";
import { markdown } from "./markdown";
import { readSavedPreview } from "./savedPreview";
import { terminalLines } from "./terminal";

const statuses = { done: 0, held: 3 };

type Values = ReturnType<typeof readArguments<"diff">>["values"];

async function preview({ from, stack: asked, refresh, exclude }: Values): Promise<Previewed> {
    const folder = process.cwd();
    if (from !== undefined) {
        return readSavedPreview(from, folder);
    }
    // With the organization, if it was given with one.
    const stack = asked ?? chosenStack(folder, undefined).stack;
    return enginePreview({
        folder,
        stack,
        refresh,
        exclude,
        say: (line) => console.error(line),
        onOpen: readCommand.endsOnSignals,
    });
}

async function main(): Promise<number> {
    const { values } = readArguments("diff");
    const gates = readGates(values["fail-on"]);
    const diff = buildDiff(await preview(values));
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
    held.forEach((why) => console.error(`held back by --fail-on: ${why}`));
    return held.length > 0 ? statuses.held : statuses.done;
}

readCommand.run(main);
