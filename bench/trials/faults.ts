import { DeviceInventory } from "../children/deviceInventory";
import { deviceIds } from "../measure/contender";
import { Program, project } from "../contenders/ours";
import { stateResources } from "../contenders/pulumiState";
import { openSite } from "../measure/point";
import { runMeasured } from "../measure/processGroup";
import { Site } from "../measure/site";
import { FaultTrial } from "../results";
import { compareDevices, Certified } from "./compare";

/** More runs than this, and `up` does not get through at all. */
const mostRuns = 5;

/** What Azure and the way to it may do; the part of each kind is a share of the whole rate. */
const kinds: readonly object[] = [
    { status: 429 },
    { status: 500 },
    { status: 503, retryAfter: 1 },
    { drop: true, when: "before" },
    { drop: true, when: "after" },
];

/**
 * Makes devices, changes a tag of each, which takes a request for each, while a part of the registry's requests fails;
 * then looks whether every device is there once.
 *
 * @param rate part of the registry's requests that fails, 0 to 1
 */
export function faultTrial(
    devices: number,
    rate: number,
    say: (text: string) => void,
): Promise<FaultTrial> {
    return openSite(async (site) => {
        const program = await Program.prepare(site, { key: "ECDSA-P256", devices });
        try {
            const ids = deviceIds(devices);
            await injectFaults(site, rate);
            await site.manage("DELETE", "/requests");
            program.list(ids);
            // Little in parallel makes many small bulk requests.
            const flags = ["--parallel", "8"];
            const made = await upUntilDone(program, flags);
            say(`created in ${made} runs`);
            program.tag({ trial: "faults" });
            const changed = await upUntilDone(program, flags);
            say(`changed in ${changed} runs`);
            const { hits, registryCalls } = await endFaults(site);
            say(`${hits} of ${registryCalls} registry calls failed`);
            const inventory = await site.child<DeviceInventory>("deviceInventory");
            return {
                devices,
                rate,
                registryCalls,
                hits,
                runs: [
                    { step: "making", runs: made },
                    { step: "changing", runs: changed },
                ],
                ...compareDevices(ids, inventory, certifiedDevices(program)),
            };
        } finally {
            program.close();
        }
    });
}

/** The first rule that hits decides, so later ones are asked about fewer requests; at a few per cent that is no matter. */
async function injectFaults(site: Site, rate: number): Promise<void> {
    for (const kind of kinds) {
        const fault = { host: "azure-devices\\.net$", rate: rate / kinds.length, ...kind };
        await site.manage("POST", "/faults", fault);
    }
}

async function endFaults(site: Site): Promise<Pick<FaultTrial, "hits" | "registryCalls">> {
    const rules = await site.manage<{ hits: number }[]>("GET", "/faults");
    const { requests } = await site.manage<{ requests: { host: string }[] }>("GET", "/requests");
    await site.manage("DELETE", "/faults");
    return {
        hits: rules.reduce((sum, rule) => sum + rule.hits, 0),
        registryCalls: requests.filter(({ host }) => host.endsWith(".azure-devices.net")).length,
    };
}

async function upUntilDone(program: Program, flags: readonly string[]): Promise<number> {
    for (let runs = 1; ; runs++) {
        try {
            const up = program.command("up");
            await runMeasured({ ...up, args: [...up.args, ...flags] });
            return runs;
        } catch (error) {
            if (runs === mostRuns) {
                throw error;
            }
        }
    }
}

/** The devices that the state has a certificate for. */
function certifiedDevices(program: Program): Certified[] {
    return stateResources(program.copy.folder, project)
        .filter(({ type }) => type === "pulumi-nodejs:dynamic/pki:DeviceCertificate")
        .map(({ id, outputs }) => ({
            id: id ?? "",
            certificate: String(outputs?.certificate),
        }));
}
