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
    ResourceProvider,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/access";
import { AzureError } from "../azure/client";
import { nameList } from "../dynamic/nameList";
import { stateNote } from "../dynamic/stateNote";
import { noteProgram } from "../dynamic/stackSettings";
import { idSet } from "../dynamic/values";
import { CaCertificates } from "./caCertificates";
import { hubRegistry } from "./hubRegistry";

interface RawInputs {
    readonly hubId?: string;
    readonly certificates: readonly string[];
    readonly devices: readonly string[];
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
    ...stateNote<Inputs>("audit", "owner"),
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const { hubId, certificates, devices, owner, isStrict } = given as unknown as RawInputs;
    noteProgram();
    const inputs = { owner };
    if (hubId === undefined) {
        return { inputs };
    }
    const found = await undeclared(hubId, owner, new Set(certificates), idSet(devices)).catch(
        (error: Error) =>
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
                  `CA certificates on ${hostName} that this stack did not declare: ${nameList(
                      foreign.map(
                          ({ name, isVerified }) => `${name}${isVerified ? " (verified)" : ""}`,
                      ),
                  )}; whoever has the key of a verified one can connect as each device that a CA vouches for`,
              ]),
        ...(others.length === 0
            ? []
            : [
                  `devices on ${hostName} that this stack did not declare: ${nameList(others)}; ` +
                      `delete what is nobody's (az iot hub device-identity delete), or adopt it (adopt: true)`,
              ]),
    ];
}
