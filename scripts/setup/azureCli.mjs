/* Finds or installs the Azure CLI, and prints its path. */
import * as path from "node:path";
import { isExecutable, pathFolders } from "../lib/workspace.mjs";
import { PythonEnvironment } from "./pythonEnvironment.mjs";

const environment = new PythonEnvironment("azure-cli", "azure-cli.txt");
const onPath = pathFolders()
    .map((folder) => path.join(folder, "az"))
    .find(isExecutable);

async function main() {
    const missing = `no Azure CLI on PATH, and azure-cli ${environment.version("azure-cli")} cannot be installed`;
    const status = onPath ? 0 : await environment.install(["az", "version"], missing);
    if (status === 0) {
        process.stdout.write(`${onPath ?? environment.find("az")}\n`);
    }
    return status;
}

main().then((status) => process.exit(status));
