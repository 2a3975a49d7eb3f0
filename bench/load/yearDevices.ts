import { mkdirSync, writeFileSync } from "fs";
import * as path from "path";
import { CredentialFiles, Credentials } from "../../sample-device/credentialFiles";
import { HubConnection } from "../../sample-device/hubConnection";
import { Renewal } from "../../sample-device/renewal";

/** How the hub knows a device, and what the device knows. */
export type Kind = "listed" | "dps" | "dpsWithHub" | "thumbprint";
export const kinds: readonly Kind[] = ["listed", "listed", "dps", "dpsWithHub", "thumbprint"];
/** The day from which the devices below, renewed once, ask for no certificate. */
export const stopsOn = 100;
/** One of each kind. */
export const stopped = [...new Set(kinds)].map((kind, index) => ({
    id: `stopped-${index + 1}`,
    kind,
}));

/** A device as `sample-device/device.ts` runs it, which is switched on for a message now and then. */
export interface Device {
    readonly id: string;
    readonly kind: Kind;
    readonly files: CredentialFiles;
    readonly connection: HubConnection;
    readonly renewal: Renewal;
    renewals: number;
}

/** What a device starts with: the files that the stack has for it, or a one-time secret. */
interface Start {
    readonly id: string;
    readonly kind: Kind;
    /** A folder, which is made. */
    readonly home: string;
    readonly chain?: string;
    readonly privateKey?: string;
    readonly secret: string;
}

/** Where devices connect, register and renew. */
interface Sites {
    /** Name of the hub. */
    readonly hub: string;
    readonly idScope: string;
    /** Of the EST service. */
    readonly url: string;
    /** Of the EST service. */
    readonly caPem: string;
}

/** @param say hears what a person would */
export function makeDevice(
    { id, kind, home, chain = "", privateKey = "", secret }: Start,
    { hub, idScope, url, caPem }: Sites,
    say: (text: string) => void,
): Device {
    mkdirSync(home, { mode: 0o700 });
    const [certificateFile, keyFile] = ["chain.pem", "device.key"].map((one) =>
        path.join(home, one),
    );
    const files = new CredentialFiles(certificateFile, keyFile);
    if (kind !== "thumbprint") {
        writeFileSync(certificateFile, chain);
        writeFileSync(keyFile, privateKey, { mode: 0o600 });
    }
    const connectionString = `HostName=${hub}.azure-devices.net;DeviceId=${id};x509=true`;
    const target = {
        connectionString: kind === "dps" ? undefined : connectionString,
        idScope: kind === "dps" || kind === "dpsWithHub" ? idScope : undefined,
    };
    const service = { url, group: target.idScope === undefined ? "pumps" : "meters", caPem };
    const bootstrap = kind === "thumbprint" ? { user: id, password: secret } : undefined;
    return {
        id,
        kind,
        files,
        connection: new HubConnection(id, target, () => present(files), say),
        renewal: new Renewal(
            files,
            { deviceId: id, service, share: 0.7, pauseSeconds: 60, bootstrap },
            say,
        ),
        renewals: 0,
    };
}

export function isStopped(id: string): boolean {
    return stopped.some((one) => one.id === id);
}

export function present(files: CredentialFiles): Credentials {
    const found = files.read();
    if (found === undefined) {
        throw new Error("a device has no certificate");
    }
    return found;
}
