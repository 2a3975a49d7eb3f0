/* npm run reference: writes what is made from the settings' schema (stacks/config/schema). */
import { readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { stackFileSchema } from "../stacks/config/schema/jsonSchema";
import { sections } from "../stacks/config/schema/sections";
import { withTables } from "../stacks/config/schema/tables";

const docs = path.resolve(__dirname, "../docs");

/** The generated files with the content that they should have. */
export function generated(): { readonly file: string; readonly content: string }[] {
    const reference = path.join(docs, "configuration.md");
    return [
        { file: reference, content: withTables(readFileSync(reference, "utf8"), sections) },
        {
            file: path.join(docs, "iot-x509.schema.json"),
            content: `${JSON.stringify(stackFileSchema(), undefined, 2)}\n`,
        },
    ];
}

if (require.main === module) {
    for (const { file, content } of generated()) {
        writeFileSync(file, content);
    }
}
