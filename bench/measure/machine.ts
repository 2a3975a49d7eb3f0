import { execFileSync } from "child_process";
import { cpus, totalmem, type } from "os";
import { Machine } from "../results";
import { toolchain } from "../toolchain";

/** What the figures depend on; nothing that tells which machine it was. */
export function describeMachine(): Machine {
    const processors = cpus();
    return {
        date: new Date().toISOString().slice(0, 10),
        cpu: processors[0].model.trim(),
        cores: processors.length,
        memoryGigabytes: Math.round(totalmem() / 2 ** 30),
        system: type(),
        node: process.versions.node,
        pulumi: toolchain().version,
        openssl: execFileSync("openssl", ["version"], { encoding: "utf8" }).split(" ")[1],
    };
}
