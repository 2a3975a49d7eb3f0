import { DeviceKind, WalkConfig, WalkDevice } from "../model/config";
import { Model } from "../model/model";
import { Choice, Verb } from "./verb";

const kinds: readonly DeviceKind[] = ["csr", "generated", "thumbprint"];
const places = ["list", "csv", "json"] as const;
const mostDevices = 8;

const idsOf = ({ config }: Model, isWanted: (device: WalkDevice) => boolean = () => true) =>
    Object.keys(config.devices).filter((id) => isWanted(config.devices[id]));

const hasOwnKey = ({ kind }: WalkDevice): boolean => kind !== "generated";
const isThumbprint = ({ kind }: WalkDevice): boolean => kind === "thumbprint";

function idAnd(
    isWanted: (device: WalkDevice) => boolean,
    values: readonly string[] | ((model: Model) => readonly string[]),
) {
    return (model: Model, choice: Choice): string[] | undefined => {
        const id = choice.of(idsOf(model, isWanted));
        const value = choice.of(typeof values === "function" ? values(model) : values);
        return id === undefined || value === undefined ? undefined : [id, value];
    };
}

function oneId(isWanted: (device: WalkDevice) => boolean) {
    return (model: Model, choice: Choice): string[] | undefined => {
        const id = choice.of(idsOf(model, isWanted));
        return id === undefined ? undefined : [id];
    };
}

/** Leaves what another kind of device may not have. */
function become(device: WalkDevice, kind: DeviceKind, group: string | undefined): void {
    device.kind = kind;
    delete device.keyGeneration;
    delete device.former;
    delete device.given;
    if (kind === "thumbprint") {
        delete device.group;
        delete device.enrollment;
    } else {
        device.group ??= group;
    }
}

function addDevice(config: WalkConfig, [id, group, kind]: readonly string[]): void {
    config.devices[id] = { kind: "generated", place: "list", own: 1, group };
    become(config.devices[id], kind as DeviceKind, group);
}

export const deviceSteps: Readonly<Record<string, Verb>> = {
    "add-device": {
        weight: 5,
        choose: ({ config }, choice) => {
            const ids = Array.from({ length: mostDevices }, (_, index) => `d${index + 1}`);
            const id = choice.of(ids.filter((one) => !(one in config.devices)));
            const group = choice.of(Object.keys(config.groups));
            const kind = choice.of(kinds);
            return id && group && kind ? [id, group, kind] : undefined;
        },
        edit: addDevice,
    },
    "remove-device": {
        weight: 4,
        choose: oneId(() => true),
        edit: (config, [id]) => {
            delete config.devices[id];
            if (config.outputDevices !== undefined) {
                config.outputDevices = config.outputDevices.filter((one) => one !== id);
            }
        },
    },
    kind: {
        weight: 4,
        choose: idAnd(() => true, kinds),
        edit: (config, [id, kind]) => {
            const [group] = Object.keys(config.groups);
            become(config.devices[id], kind as DeviceKind, group);
        },
    },
    /** Another request, or another self-signed certificate beside the former. */
    "new-key": {
        weight: 3,
        choose: oneId(hasOwnKey),
        edit: ({ devices }, [id]) => {
            const device = devices[id];
            device.own += 1;
            if (isThumbprint(device)) {
                device.former = true;
            }
        },
    },
    "drop-former": {
        weight: 2,
        choose: oneId((device) => device.former === true),
        edit: ({ devices }, [id]) => delete devices[id].former,
    },
    given: {
        weight: 1,
        choose: idAnd(isThumbprint, ["certificates", "thumbprints", "sha1"]),
        edit: ({ devices }, [id, given]) => {
            devices[id].given = given as WalkDevice["given"];
        },
    },
    "move-device": {
        weight: 2,
        choose: idAnd(() => true, places),
        edit: ({ devices }, [id, place]) => {
            devices[id].place = place as WalkDevice["place"];
        },
    },
};
