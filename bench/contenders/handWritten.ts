import { writeFileSync } from "fs";
import * as path from "path";
import { Site } from "../measure/site";
import { Contender, ContenderName, Prepared, Request } from "../measure/contender";
import { openTestEnvironment } from "./testEnvironment";

async function prepare(site: Site, { key }: Request, ...flags: string[]): Promise<Prepared> {
    const { folder, hostName } = await openTestEnvironment(site);
    const file = path.join(folder, "ids.json");
    return {
        list: (ids) => writeFileSync(file, JSON.stringify(ids)),
        command: (operation) =>
            operation === "up" || operation === "addOne"
                ? site.script("handWritten", hostName, folder, key, file, ...flags)
                : undefined,
        stateBytes: () => undefined,
        close: () => undefined,
    };
}

function contender(name: ContenderName, ...flags: string[]): Contender {
    return { name, prepare: (site, request) => prepare(site, request, ...flags) };
}

/** bench/handWritten, one device after the other. */
export const handWritten = contender("handWritten");

/** The same with 100 identities a call. */
export const handWrittenBulk = contender("handWrittenBulk", "bulk");
