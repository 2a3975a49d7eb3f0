import * as pulumi from "@pulumi/pulumi";
import { userError } from "./userError";

/**
 * Reports in one sentence that this login may not list keys, and what that means for the run.
 *
 * @param whose which keys, e.g. `the keys of the hub iot-abc123`
 * @param right the missing action
 * @param areWritten whether the run writes what it could not read
 * @throws pulumi.RunError in an `up` that cannot do without them
 */
export function sayUnread(whose: string, right: string, areWritten: boolean): void {
    const text = `this login may not list ${whose} (${right})`;
    if (!areWritten) {
        void pulumi.log.info(`${text}: whether others have changed them is not looked at`);
    } else if (pulumi.runtime.isDryRun()) {
        void pulumi.log.info(
            `${text}: the preview shows them as unknown, and an up by it would end here`,
        );
    } else {
        throw userError(
            `${text}, and a change that carries them would replace them: grant it that right`,
        );
    }
}
