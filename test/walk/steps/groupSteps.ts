import { WalkConfig, WalkGroup } from "../model/config";
import { Model } from "../model/model";
import { Choice, hasOfflineSignatures, isUnprotected, Verb } from "./verb";

const groupNames = ["a", "b", "c"];
const nothing = "-";

const groupsOf = ({ config }: Model): string[] => Object.keys(config.groups);

function oneGroup(model: Model, choice: Choice): string[] | undefined {
    const name = choice.of(groupsOf(model));
    return name === undefined ? undefined : [name];
}

/** A group as the walk begins one: small and quick keys, certificates that a moved clock reaches. */
export function newGroup(): WalkGroup {
    return { keyAlgorithm: "ECDSA-P256", validityDays: 90, intermediate: {} };
}

function rotate(config: WalkConfig, group: string, isRetained: boolean): void {
    const { intermediate } = config.groups[group];
    const before = intermediate.generation ?? 1;
    intermediate.generation = before + 1;
    intermediate.retain = isRetained ? [before] : [];
    dropCertificates(config, group);
}

/** Certificates of generations that are in use no more are refused in the settings. */
function dropCertificates(config: WalkConfig, group: string): void {
    const { intermediate } = config.groups[group];
    const { generation = 1, retain = [], certificates } = intermediate;
    if (certificates !== undefined) {
        intermediate.certificates = Object.fromEntries(
            Object.entries(certificates as Record<string, unknown>).filter(([key]) =>
                [generation, ...retain].includes(Number(key)),
            ),
        );
    }
}

/** Whatever is signed belongs to one root: another root begins with no signatures. */
function changeRoot(config: WalkConfig, root: Record<string, unknown>): void {
    config.pki.root = root;
    for (const { intermediate } of Object.values(config.groups)) {
        delete intermediate.certificates;
    }
}

export const groupSteps: Readonly<Record<string, Verb>> = {
    "add-group": {
        weight: 2,
        choose: ({ config }, choice) => {
            const name = choice.of(groupNames.filter((one) => !(one in config.groups)));
            return name === undefined ? undefined : [name];
        },
        edit: (config, [name]) => {
            config.groups[name] = newGroup();
        },
    },
    "remove-group": {
        weight: 1,
        choose: (model, choice) =>
            groupsOf(model).length > 1 ? oneGroup(model, choice) : undefined,
        isPossible: isUnprotected,
        edit: (config, [name]) => {
            delete config.groups[name];
            if (config.deviceDefaults.group === name) {
                delete config.deviceDefaults.group;
            }
            for (const [id, device] of Object.entries(config.devices)) {
                const isStray =
                    device.kind !== "thumbprint" && !((device.group ?? "") in config.groups);
                if (device.group === name || isStray) {
                    delete config.devices[id];
                }
            }
            config.outputDevices = config.outputDevices?.filter((id) => id in config.devices);
            if (config.outputDevices === undefined) {
                delete config.outputDevices;
            }
        },
    },
    rotate: {
        weight: 4,
        choose: oneGroup,
        edit: (config, [name]) => rotate(config, name, true),
    },
    "rotate-cutting": {
        weight: 1,
        choose: oneGroup,
        isPossible: isUnprotected,
        edit: (config, [name]) => rotate(config, name, false),
    },
    "finish-rotation": {
        weight: 4,
        choose: ({ config }, choice) => {
            const rotating = Object.entries(config.groups).filter(
                ([, { intermediate }]) => (intermediate.retain ?? []).length > 0,
            );
            const name = choice.of(rotating)?.[0];
            return name === undefined ? undefined : [name];
        },
        edit: (config, [name]) => {
            config.groups[name].intermediate.retain = [];
            dropCertificates(config, name);
        },
    },
    "name-ca": {
        weight: 1,
        choose: (model, choice) => {
            const name = choice.of(groupsOf(model));
            const to = choice.of(["Walk CA", "Another CA", nothing]);
            return name === undefined ? undefined : [name, to === nothing ? to : `${to} ${name}`];
        },
        isPossible: ({ config }) => !hasOfflineSignatures(config),
        edit: (config, [group, name]) => {
            const { intermediate } = config.groups[group];
            if (name === nothing) {
                delete intermediate.commonName;
            } else {
                intermediate.commonName = name;
            }
        },
    },
    "offline-root": {
        weight: 1,
        choose: () => [],
        // Where the root is trusted the program refuses it: nobody could connect until it has proven itself.
        isPossible: ({ config, applied }) =>
            config.pki.root.keys !== "offline" && applied?.pki.trust !== "root",
        edit: (config) => changeRoot(config, { keys: "offline", certificate: "pki/root.pem" }),
        run: (walker) => walker.offlineRoot.writeCertificate(),
    },
    "managed-root": {
        weight: 1,
        choose: () => [],
        isPossible: ({ config }) => config.pki.root.keys === "offline",
        edit: (config) => changeRoot(config, {}),
    },
    /** The offline root signs whatever awaits it. */
    sign: {
        weight: 6,
        choose: () => [],
        isPossible: ({ pending }) => pending.length > 0,
        edit: (config, _, { pending }) => {
            for (const name of pending) {
                const [, group, generation] = /^(.*)-g(\d+)$/.exec(name) ?? [];
                if (name === "root") {
                    config.pki.root.proof = "pki/proof.pem";
                } else if (group in config.groups) {
                    const { intermediate } = config.groups[group];
                    intermediate.certificates = {
                        ...(intermediate.certificates as object | undefined),
                        [generation]: `pki/${name}.pem`,
                    };
                    dropCertificates(config, group);
                }
            }
        },
        run: (walker, { pending }) => walker.signPending(pending),
    },
};
