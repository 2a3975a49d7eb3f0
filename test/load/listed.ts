import { readFileSync } from "fs";
import * as path from "path";
import { ProjectCopy } from "../../scripts/lib/projectCopy";
import { shared } from "../support/emulator";
import { MemoryWatch } from "./memory";

export interface ListedFigures {
    readonly devices: number;
    readonly upSeconds: number;
    readonly previewSeconds: number;
    /** Requests to the hub's registry. */
    readonly registryRequests: number;
    readonly stateBytesPerDevice: number;
    readonly emulatorMegabytes: number;
}

const groups = { fleet: { keyAlgorithm: "ECDSA-P256" } };

/** So many devices, P-256 with generated keys, listed in the configuration and made by one `pulumi up`. */
export async function runListed(devices: number): Promise<ListedFigures> {
    const { manage } = shared();
    const toolchain = JSON.parse(
        readFileSync(path.join(__dirname, "../../.local/toolchain.json"), "utf8"),
    ) as { pulumiHome: string };
    const project = ProjectCopy.make({
        environment: process.env,
        pulumiHome: toolchain.pulumiHome,
    });
    try {
        project.changeSettings("load", (config) => {
            config["iot-x509:groups"] = groups;
            config["iot-x509:devices"] = [];
        });
        const stack = await project.stack("load");
        await stack.up();
        const before = JSON.stringify(await stack.exportStack()).length;
        project.changeSettings("load", (config) => {
            config["iot-x509:devices"] = Array.from({ length: devices }, (_, index) => ({
                id: `load-${index}`,
                group: "fleet",
            }));
        });
        await manage("DELETE", "/requests");
        const memory = new MemoryWatch();
        const began = Date.now();
        await stack.up();
        const upSeconds = (Date.now() - began) / 1000;
        const emulatorMegabytes = memory.stop();
        const { requests } = await manage<{ requests: { host: string }[] }>("GET", "/requests");
        const looked = Date.now();
        await stack.preview();
        return {
            devices,
            upSeconds,
            previewSeconds: (Date.now() - looked) / 1000,
            registryRequests: requests.filter(({ host }) => /azure-devices\.net$/.test(host))
                .length,
            stateBytesPerDevice:
                (JSON.stringify(await stack.exportStack()).length - before) / devices,
            emulatorMegabytes,
        };
    } finally {
        project.remove();
    }
}
