import { mkdirSync, writeFileSync } from "fs";
import * as path from "path";
import { defaultRegion, Mapping, WalkConfig, WalkDevice } from "../model/config";
import { foreignHub } from "../model/foreignHub";
import { Field } from "./field";

export interface RenderContext {
    /** The project's folder. */
    readonly folder: string;
    readonly field: Field;
    /** Resource ID of the hub that is not the stack's. */
    readonly foreignHubId: string;
}

/** Writes the device files that a configuration names, and gives its settings as `Pulumi.<stack>.yaml` has them. */
export async function render(config: WalkConfig, context: RenderContext): Promise<Mapping> {
    const { devices, ...others } = config;
    const rows = await Promise.all(
        Object.entries(devices).map(async ([id, device]) => ({
            place: device.place,
            row: await deviceRow(config, id, device, context),
        })),
    );
    const rowsIn = (place: WalkDevice["place"]): Mapping[] =>
        rows.filter((one) => one.place === place).map(({ row }) => row);
    const devicesFile: string[] = [];
    const write = (name: string, text: string): void => {
        writeFileSync(path.join(context.folder, name), text);
        devicesFile.push(name);
    };
    if (rowsIn("csv").length > 0) {
        write("fleet.csv", table(rowsIn("csv")));
    }
    if (rowsIn("json").length > 0) {
        write("fleet.json", JSON.stringify(rowsIn("json"), null, 1));
    }
    const settings: Mapping = { ...structuredClone(others), devices: rowsIn("list") };
    if (devicesFile.length > 0) {
        settings.devicesFile = devicesFile.length === 1 ? devicesFile[0] : devicesFile;
    }
    const { linkedHubs = [] } = (settings.dps ?? {}) as { linkedHubs?: Mapping[] };
    for (const hub of linkedHubs) {
        hub.id = hub.id === foreignHub ? context.foreignHubId : hub.id;
    }
    return {
        "azure-native:location": defaultRegion,
        ...Object.fromEntries(
            Object.entries(settings).map(([name, value]) => [`iot-x509:${name}`, value]),
        ),
    };
}

async function deviceRow(
    config: WalkConfig,
    id: string,
    device: WalkDevice,
    { folder, field }: RenderContext,
): Promise<Mapping> {
    const { status, tags, keyGeneration, enrollment, adopt, group } = device;
    const auth = device.kind === "thumbprint" ? "thumbprint" : "ca";
    const isDefault = auth === ((config.deviceDefaults.auth as string | undefined) ?? "ca");
    const row: Mapping = {
        id,
        ...(isDefault ? {} : { auth }),
        ...{ group, status, tags, keyGeneration, enrollment, adopt },
    };
    const write = (name: string, pem: string): string => {
        mkdirSync(path.join(folder, "field"), { recursive: true });
        writeFileSync(path.join(folder, "field", name), pem);
        return `field/${name}`;
    };
    if (device.kind === "csr") {
        const { requestPem } = await field.ownKey(id, device.own);
        row.csr = write(`${id}-${device.own}.csr`, requestPem);
    }
    if (device.kind === "thumbprint") {
        const numbers = device.former ? [device.own, device.own - 1] : [device.own];
        const own = await Promise.all(numbers.map((number) => field.ownKey(id, number)));
        if (device.given === undefined || device.given === "certificates") {
            row.certificates = own.map(({ selfSigned }, index) =>
                write(`${id}-${numbers[index]}.pem`, selfSigned.chain),
            );
        } else {
            row.thumbprints = own.map(({ selfSigned: { leaf } }) =>
                device.given === "sha1" ? leaf.fingerprint : leaf.fingerprint256,
            );
        }
    }
    return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function table(rows: readonly Mapping[]): string {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const cell = (value: unknown): string => {
        const text = Array.isArray(value)
            ? value.join(";")
            : typeof value === "object"
              ? JSON.stringify(value)
              : String((value as string | undefined) ?? "");
        return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
        .map((cells) => cells.map(cell).join(",") + "\n")
        .join("");
}
