/*
 * HubAudit: what is on a hub but not declared. It has no counterpart in Azure.
 *
 * | method | REST calls |
 * | --- | --- |
 * | check | GET of the hub's certificates, POST /devices/query; if CAs leave, POST /devices/query on each hub, and POST /registrations/{group}/query; takes the lists out of the inputs |
 * | create, update | none |
 * | read | GET of the hub's certificates, POST /devices/query; for the provisioning services linked to it: POST /enrollments/query, POST /registrations/{group}/query |
 */
import type {
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    ReadResult,
    ResourceProvider,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/clients";
import { AzureError } from "../azure/client";
import { linkedServices } from "../enrollments/registrations";
import { nameList } from "../dynamic/nameList";
import { stateNote } from "../dynamic/stateNote";
import { noteDevice, noteProgram } from "../dynamic/stackSettings";
import { idSet } from "../dynamic/values";
import { CaCertificates } from "../caCertificates/caCertificates";
import { hubRegistry } from "./hubRegistry";
import { LeavingCa } from "./rolloverEvidence";
import { refuseToRemove } from "./rolloverGate";
import { hubSeen } from "../iothub/hubSeen";
import { contentPart } from "../caCertificates/verifiedCertificateProvider";

const hubSeenMilliseconds = 5000;

/**
 * Pages of 1,000 devices without the stack's tag: half of what the smallest hub answers in a minute. Devices created by a
 * provisioning service have no tag, so a large fleet has many of them.
 */
const mostPages = 10;

interface RawInputs {
    readonly hubId?: string;
    readonly certificates: readonly string[];
    readonly devices: readonly string[];
    readonly former: readonly string[];
    readonly owner: string;
    readonly isStrict: boolean;
    readonly leaving: readonly LeavingCa[];
    readonly accepted: number | readonly string[];
}

/** As the state keeps them; it has hub, devices and certificates elsewhere. */
interface Inputs {
    readonly owner: string;
}

export const provider: ResourceProvider<Inputs, Inputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    ...stateNote<Inputs>("audit", "owner"),
    read,
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const raw = given as unknown as RawInputs;
    const { hubId, certificates, devices, former, owner, isStrict, leaving, accepted } = raw;
    noteProgram();
    devices.forEach(noteDevice);
    const inputs = { owner };
    if (hubId === undefined) {
        return { inputs };
    }
    const refusal =
        leaving.length === 0 ? undefined : await refuseToRemove(hubId, leaving, accepted);
    const found = await undeclared(
        hubId,
        owner,
        new Set(certificates),
        idSet([...devices, ...former]),
        isStrict ? Infinity : mostPages,
    ).catch((error: Error) =>
        error instanceof AzureError && error.status === 404 ? [] : [unreadable(error)],
    );
    const reasons = [...(refusal === undefined ? [] : [refusal]), ...(isStrict ? found : [])];
    const failures: CheckFailure[] = reasons.map((reason) => ({ property: "", reason }));
    if (!isStrict) {
        found.forEach((line) => console.log(`warning: ${line}`));
    }
    return { inputs, failures };
}

/**
 * A refresh knows neither the configuration nor the whole state. It warns of what cannot belong to the stack: CAs without
 * a name of the form that the program gives them, and untagged devices that did not register and have no enrollment.
 */
async function read(id?: string, state?: Inputs): Promise<ReadResult<Inputs>> {
    const hubId = await hubSeen(hubSeenMilliseconds);
    if (hubId !== undefined && state !== undefined) {
        const found = await strange(hubId, state.owner).catch((error: Error) => [
            unreadable(error),
        ]);
        found.forEach((line) => console.log(`warning: ${line}`));
    }
    return { id, props: state };
}

async function strange(hubId: string, owner: string): Promise<string[]> {
    const { atOnce, hostName } = await hubRegistry(hubId);
    const authorities = await authoritiesOn(hubId);
    const { devices: others, areAll } = await atOnce.notOwnedBy(owner, mostPages);
    const registered = new Set<string>();
    for (const service of others.length === 0 ? [] : await linkedServices(hubId, hostName)) {
        const known = [await service.registeredByGroup(), await service.individuals()];
        known.flatMap((all) => [...all.keys()]).forEach((one) => registered.add(one.toLowerCase()));
    }
    return lines(
        hostName,
        authorities.filter(({ name, thumbprint }) => !name.endsWith(contentPart(thumbprint))),
        others.filter((one) => !registered.has(one.toLowerCase())),
        areAll,
    );
}

function unreadable({ message }: Error): string {
    return `the other devices and CAs on the hub cannot be read: ${message}`;
}

type NamedCa = Awaited<ReturnType<CaCertificates["list"]>>[number];

/** One line per kind. A hub that no longer exists has nothing. */
async function undeclared(
    hubId: string,
    owner: string,
    certificates: ReadonlySet<string>,
    devices: ReadonlySet<string>,
    pages: number,
): Promise<string[]> {
    const authorities = await authoritiesOn(hubId);
    const { atOnce, hostName } = await hubRegistry(hubId);
    const others = await atOnce.notOwnedBy(owner, pages);
    return lines(
        hostName,
        authorities.filter(({ name }) => !certificates.has(name)),
        others.devices.filter((id) => !devices.has(id.toLowerCase())),
        others.areAll,
    );
}

function authoritiesOn(hubId: string): ReturnType<CaCertificates["list"]> {
    const { arm, cloud } = azure();
    return new CaCertificates(arm, { arm: cloud.arm, id: hubId }).list();
}

function lines(
    hostName: string,
    foreign: readonly Pick<NamedCa, "name" | "isVerified">[],
    others: readonly string[],
    areAll: boolean,
): string[] {
    return [
        ...(foreign.length === 0
            ? []
            : [
                  `CA certificates on ${hostName} that this stack did not declare: ${nameList(
                      foreign.map(
                          ({ name, isVerified }) => `${name}${isVerified ? " (verified)" : ""}`,
                      ),
                  )}; whoever has the key of a verified CA can connect as any device that authenticates by CA`,
              ]),
        ...(others.length === 0
            ? []
            : [
                  `devices on ${hostName} that this stack did not declare: ${nameList(others)}; ` +
                      `delete unused ones (az iot hub device-identity delete --auth-type login), or adopt them (adopt: true)`,
              ]),
        ...(areAll
            ? []
            : [
                  `devices on ${hostName} without this stack's tag: only the first ${mostPages * 1000} were looked at; ` +
                      "a run with hub.strict: true looks at all",
              ]),
    ];
}
