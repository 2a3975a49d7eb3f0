import { effective } from "../model/effective";
import { Model } from "../model/model";
import type { Walker } from "../real/walker";
import { Choice, Verb } from "./verb";

/** What somebody does on Azure, past the program: the next run looks there first (`--refresh`). */
function byHand(
    choices: (model: Model) => readonly string[],
    act: (walker: Walker, name: string) => Promise<void>,
): Verb {
    return {
        weight: 1,
        choose: (model, choice: Choice) => {
            const name = model.applied === undefined ? undefined : choice.of(choices(model));
            return name === undefined ? undefined : [name];
        },
        // After a run that was not completed nobody knows what there is to change.
        isPossible: ({ attempted }) => attempted.length === 0,
        run: async (walker, model, [name]) => {
            await act(walker, name);
            model.needsRefresh = true;
        },
    };
}

const deployed = ({ applied, config }: Model) => effective(applied ?? config);

const listedDevices = (model: Model): string[] =>
    deployed(model)
        .devices.filter(({ group }) => group?.provisioning !== "dps")
        .map(({ id }) => id);

const enrolledGroups = (model: Model): string[] =>
    deployed(model)
        .groups.filter(({ provisioning }) => provisioning !== "listed")
        .map(({ name }) => name);

export const handSteps: Readonly<Record<string, Verb>> = {
    "hand-disable": byHand(listedDevices, (walker, id) => walker.byHand.disableDevice(id)),
    "hand-delete": byHand(listedDevices, (walker, id) => walker.byHand.deleteDevice(id)),
    "hand-tag": byHand(listedDevices, (walker, id) => walker.tagByHand(id)),
    "hand-drop-ca": byHand(
        () => ["first", "last"],
        (walker, which) => walker.byHand.deleteCa(which === "first"),
    ),
    "hand-drop-enrollment": byHand(enrolledGroups, (walker, name) =>
        walker.byHand.deleteEnrollmentGroup(name),
    ),
    "hand-disable-enrollment": byHand(enrolledGroups, (walker, name) =>
        walker.byHand.disableEnrollmentGroup(name),
    ),
};
