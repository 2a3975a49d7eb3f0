/*
 * HubAudit: what is on a hub and not declared. Nothing of it exists on Azure.
 *
 * | method | REST calls |
 * | --- | --- |
 * | check | GET of the hub's certificates, POST /devices/query; takes the lists out of the inputs |
 * | create, update | none |
 */
import type {
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/access";
import { AzureError } from "../azure/client";
import { noteDevice, noteProgram } from "../dynamic/stackSettings";
import { CaCertificates } from "./caCertificates";
import { hubRegistry } from "./hubRegistry";

/** So many of a kind a line names; the rest are counted. */
const named = 20;

interface RawInputs {
    readonly hubId?: string;
    readonly certificates: readonly string[];
    readonly devices: readonly string[];
    readonly former: readonly string[];
    readonly owner: string;
    readonly isStrict: boolean;
}

/** As the state keeps them: hub, devices and certificates are there already. */
interface Inputs {
    readonly owner: string;
}

export const provider: ResourceProvider<Inputs, Inputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff: async (_: string, olds: Inputs, news: Inputs): Promise<DiffResult> => ({
        changes: olds.owner !== news.owner,
    }),
    create: async (inputs: Inputs): Promise<CreateResult<Inputs>> => ({
        id: "audit",
        outs: inputs,
    }),
    update: async (_: string, __: Inputs, news: Inputs): Promise<UpdateResult<Inputs>> => ({
        outs: news,
    }),
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const raw = given as unknown as RawInputs;
    const { hubId, certificates, devices, former, owner, isStrict } = raw;
    noteProgram();
    devices.forEach(noteDevice);
    const inputs = { owner };
    if (hubId === undefined) {
        return { inputs };
    }
    const found = await undeclared(
        hubId,
        owner,
        new Set(certificates),
        idSet([...devices, ...former]),
    ).catch((error: Error) =>
        error instanceof AzureError && error.status === 404
            ? []
            : [`what else is on the hub cannot be told: ${error.message}`],
    );
    const failures: CheckFailure[] = isStrict
        ? found.map((reason) => ({ property: "", reason }))
        : [];
    if (!isStrict) {
        found.forEach((line) => console.log(`warning: ${line}`));
    }
    return { inputs, failures };
}

function idSet(ids: readonly string[]): ReadonlySet<string> {
    return new Set(ids.map((id) => id.toLowerCase()));
}

/** One line for each kind of thing. A hub that does not exist any more has nothing. */
async function undeclared(
    hubId: string,
    owner: string,
    certificates: ReadonlySet<string>,
    devices: ReadonlySet<string>,
): Promise<string[]> {
    const { arm, cloud } = azure();
    const authorities = await new CaCertificates(arm, { arm: cloud.arm, id: hubId }).list();
    const foreign = authorities.filter(({ name }) => !certificates.has(name));
    const { atOnce, hostName } = await hubRegistry(hubId);
    const others = (await atOnce.notOwnedBy(owner)).filter((id) => !devices.has(id.toLowerCase()));
    return [
        ...(foreign.length === 0
            ? []
            : [
                  `CA certificates on ${hostName} that this stack did not declare: ${list(
                      foreign.map(
                          ({ name, isVerified }) => `${name}${isVerified ? " (verified)" : ""}`,
                      ),
                  )}; whoever has the key of a verified one can connect as each device that a CA vouches for`,
              ]),
        ...(others.length === 0
            ? []
            : [
                  `devices on ${hostName} that this stack did not declare: ${list(others)}; ` +
                      `delete what is nobody's (az iot hub device-identity delete), or adopt it (adopt: true)`,
              ]),
    ];
}

function list(names: readonly string[]): string {
    const rest = names.length > named ? ` and ${names.length - named} more` : "";
    return `${[...names].sort().slice(0, named).join(", ")}${rest}`;
}
