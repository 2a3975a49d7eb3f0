import * as path from "path";
import { repository } from "./toolchain";

/** Arguments of `node` before the path of a TypeScript file and its own arguments, as the npm commands have them. */
export const runTypescript: readonly string[] = [
    ...["-r", path.join(repository, "scripts/lib/typescript.js")],
    // Node.js 20 reads an --env-file anywhere before "--" as its own.
    "--",
];
