import { effective } from "../model/effective";
import { Model, noteDestroyed } from "../model/model";
import { Choice, Verb } from "./verb";

const isDeployed = ({ applied }: Model): boolean => applied !== undefined;
/** Commands of the CLI for single resources go to the stack that has them. */
const isInOneStack = ({ applied, config }: Model): boolean =>
    applied !== undefined && applied.shards === undefined && config.shards === undefined;

/** Resources of the stack by what the configuration says, as `Type name`: both as it was deployed and as it is now. */
function resources({ applied, config, pending }: Model): string[] {
    const now = new Set(resourcesOf(config));
    const deployed = applied === undefined ? [] : resourcesOf(applied);
    // A CA that awaits its signature has no more than its key.
    const isPending = (one: string): boolean =>
        pending.some((name) => one.endsWith(` ${name}`) || one.endsWith(` ${name}-certificate`));
    return deployed.filter((one) => now.has(one) && !isPending(one));
}

function resourcesOf(config: Model["config"]): string[] {
    const { groups, devices, trust, root, rootKeys } = effective(config);
    const listedGroups = groups.filter(
        ({ provisioning, blocked }) => provisioning !== "dps" && !blocked,
    );
    const enrolled = groups.filter(({ provisioning }) => provisioning !== "listed");
    const own = devices.filter(({ kind }) => kind !== "thumbprint");
    return [
        ...own.map(({ id }) => `DeviceCertificate ${id}`),
        ...devices
            .filter(({ group }) => group?.provisioning !== "dps")
            .map(({ id }) => `DeviceIdentity ${id}`),
        ...(rootKeys === "managed" ? groups : []).flatMap(({ authorities }) =>
            authorities.flatMap(({ name }) => [
                `PrivateKey ${name}-key`,
                `LocallySignedCert ${name}-certificate`,
            ]),
        ),
        ...(trust === "root"
            ? [`VerifiedCertificate ${root.name}`]
            : listedGroups.flatMap(({ authorities }) =>
                  authorities.map(({ name }) => `VerifiedCertificate ${name}`),
              )),
        ...enrolled.map(({ name }) => `EnrollmentGroup ${name}`),
    ];
}

function oneResource(types: RegExp) {
    return (model: Model, choice: Choice): string[] | undefined => {
        if (model.forgotten.length > 0) {
            return undefined; // Nobody knows what else went with it.
        }
        const all = resources(model).filter((one) => types.test(one));
        // By type first: there are more devices than CAs.
        const type = choice.of([...new Set(all.map((one) => one.split(" ")[0]))]);
        return choice.of(all.filter((one) => one.split(" ")[0] === type))?.split(" ");
    };
}

/** What whoever asked for a resource's end has asked to lose with it. */
function noteLoss(model: Model, [type, name]: readonly string[]): void {
    if (type === "DeviceCertificate") {
        model.mayChange.add(`device ${name}`);
    } else if (type === "PrivateKey") {
        model.mayChange.add(`CA ${name.replace(/-key$/, "")}`);
    } else if (type === "DeviceIdentity") {
        model.mayPause.add(name);
    }
}

/** What differs is no more than devices, so that whatever a target stands on is there. */
function areOnlyDevicesChanged({ config, applied }: Model): boolean {
    const platform = (one: Model["config"] | undefined) => JSON.stringify({ ...one, devices: {} });
    return platform(config) === platform(applied);
}

const callNumbers = ["0", "1", "2", "3", "5", "8", "13", "20"];
const moments = ["before", "after"];
const mostDays = 330;

export const runSteps: Readonly<Record<string, Verb>> = {
    up: {
        weight: 34,
        choose: () => [],
        run: (walker, model) => walker.up(model),
    },
    /** A fifth of all requests fails, in every way. */
    "up-faulty": {
        weight: 5,
        choose: () => [],
        run: (walker, model) => walker.upWithFaults(model),
    },
    /** The engine ends (SIGKILL) while it waits for the answer to its n-th request to Azure. */
    "up-killed": {
        weight: 5,
        choose: (_, choice) => [choice.of(callNumbers) ?? "0", choice.of(moments) ?? "before"],
        run: (walker, model, [call, moment]) =>
            walker.upStopped(model, "kill", Number(call), moment as "before" | "after"),
    },
    /** Ctrl-C at the n-th request. */
    "up-interrupted": {
        weight: 2,
        choose: (_, choice) => [choice.of(callNumbers) ?? "0", choice.of(moments) ?? "before"],
        run: (walker, model, [call, moment]) =>
            walker.upStopped(model, "interrupt", Number(call), moment as "before" | "after"),
    },
    "fleet-twice": {
        weight: 1,
        choose: () => [],
        isPossible: ({ config, applied }) =>
            config.shards !== undefined || applied?.shards !== undefined,
        run: (walker, model) => walker.fleetTwice(model),
    },
    "up-target": {
        weight: 2,
        choose: oneResource(
            /^(DeviceCertificate|DeviceIdentity|VerifiedCertificate|EnrollmentGroup)/,
        ),
        isPossible: (model) =>
            isInOneStack(model) && areOnlyDevicesChanged(model) && !model.needsRefresh,
        run: (walker, model, words) => walker.upTarget(model, words),
    },
    "up-replace": {
        weight: 3,
        choose: oneResource(/./),
        // A refresh forgets what somebody deleted, and the engine refuses to replace what it has not.
        isPossible: (model) => isInOneStack(model) && !model.needsRefresh,
        run: async (walker, model, words) => {
            noteLoss(model, words);
            await walker.up(model, { replace: words });
        },
    },
    taint: {
        weight: 2,
        choose: oneResource(/./),
        isPossible: isInOneStack,
        run: async (walker, model, words) => {
            noteLoss(model, words);
            await walker.changeState("taint", words);
        },
    },
    /** The state forgets a resource that is still there. */
    "state-delete": {
        weight: 2,
        choose: oneResource(/^(DeviceCertificate|DeviceIdentity|VerifiedCertificate)/),
        isPossible: isInOneStack,
        run: async (walker, model, words) => {
            noteLoss(model, words);
            await walker.changeState("delete", words);
            model.forgotten = words;
        },
    },
    refresh: {
        weight: 1,
        choose: () => [],
        isPossible: isInOneStack,
        run: (walker) => walker.refresh(),
    },
    later: {
        weight: 2,
        choose: (_, choice) => [choice.of(["15", "40", "70"]) ?? "15"],
        isPossible: (model, [days]) =>
            isDeployed(model) && model.daysLater + Number(days) <= mostDays,
        run: (walker, model, [days]) => walker.later(model, Number(days)),
    },
    destroy: {
        weight: 1,
        choose: () => [],
        isPossible: isDeployed,
        run: async (walker, model) => {
            if (await walker.destroy(model)) {
                noteDestroyed(model);
            }
        },
    },
};
