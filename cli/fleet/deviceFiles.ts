import { spawnSync } from "child_process";
import { X509Certificate } from "crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "fs";
import * as path from "path";
import { isIssuedBy } from "../../components/x509/certificates";
import { writePrivateFile } from "../privateFile";
import { StackFileError } from "../stackFiles/planConfig";
import { counted } from "./counted";
import type { Fleet } from "./fleet";
import { certificateType } from "./placement";
import { ExportedState, revealed } from "./stackState";

const onlyOwner = 0o077;
const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export interface DeviceFilesOptions {
    readonly folder: string;
    /** Whether files that are up to date are left alone. */
    readonly onlyChanged: boolean;
    readonly say: (line: string) => void;
}

/** What a device presents. */
interface Credentials {
    readonly deviceId: string;
    /** PEM, leaf first, without the root. */
    readonly chain: string;
    /** PEM; undefined: the key was made on the device. */
    readonly privateKey: string | undefined;
}

/**
 * Writes the files of all devices that have a certificate. Reads only the states.
 *
 * @returns exit status
 * @throws StackFileError if other users, or git, could see the folder
 */
export async function writeDeviceFiles(
    fleet: Pick<Fleet, "cli" | "platform" | "read">,
    { folder, onlyChanged, say }: DeviceFilesOptions,
): Promise<number> {
    const { cli, platform } = fleet;
    const { stacks } = await fleet.read();
    refuseCommittable(folder);
    const authorities = new Map<string, X509Certificate>();
    let [written, unchanged, keys] = [0, 0, 0];
    const incomplete: string[] = [];
    // The hub's stack comes first, because its state has the CAs.
    for (const stack of [platform, ...stacks.existing.filter((name) => name !== platform)]) {
        const state = revealed(await cli.exportState(stack, "decrypted"));
        authoritiesIn(state).forEach((ca) => authorities.set(ca.fingerprint256, ca));
        for (const { deviceId, chain, privateKey } of credentialsIn(state, authorities)) {
            if (chain === "") {
                incomplete.push(deviceId);
                continue;
            }
            makeFolder(folder);
            const results = [
                put(path.join(folder, `${deviceId}.pem`), chain, onlyChanged),
                ...(privateKey === undefined
                    ? []
                    : [put(path.join(folder, `${deviceId}.key`), privateKey, onlyChanged)]),
            ];
            keys += results.length - 1;
            if (results.includes(true)) {
                written++;
                if (onlyChanged) {
                    say(`  ${deviceId}`);
                }
            } else {
                unchanged++;
            }
        }
    }
    const left = unchanged === 0 ? "" : `, ${counted(unchanged, "device")} unchanged`;
    say(
        `${platform}: certificates of ${counted(written, "device")} written to ${folder}${left}; ` +
            `${counted(keys, "generated key")}`,
    );
    if (written + unchanged === 0) {
        say(
            "No state contains a device certificate: deploy first (pulumi up, or npm run fleet -- up).",
        );
    }
    if (incomplete.length > 0) {
        say(
            `Not written, because no state contains the CA that signed their certificates: ${incomplete.join(", ")} — ` +
                `npm run fleet -- up, or pulumi up, issues new ones`,
        );
    }
    return incomplete.length > 0 ? 1 : 0;
}

/** All CA certificates in a state: of the CAs, of those on hub and provisioning service, and passed from another stack. */
function authoritiesIn({ deployment }: ExportedState): X509Certificate[] {
    const others = (deployment.resources ?? []).filter(({ type }) => type !== certificateType);
    const texts = others.flatMap(({ outputs, inputs }) => JSON.stringify([outputs, inputs]));
    return texts
        .flatMap((text) => text.replace(/\\n/g, "\n").match(pem) ?? [])
        .map((one) => new X509Certificate(one))
        .filter(({ ca }) => ca);
}

/** The chain is empty if a device's CA is not found. */
function credentialsIn(
    { deployment }: ExportedState,
    authorities: ReadonlyMap<string, X509Certificate>,
): Credentials[] {
    return (deployment.resources ?? [])
        .filter((resource) => resource.type === certificateType && !resource.delete)
        .map(({ urn, outputs }) => {
            const { certificate, privateKey } = outputs as {
                readonly certificate: string;
                readonly privateKey?: string;
            };
            const leaf = new X509Certificate(certificate);
            // A CA may have two certificates for one key; the one that expires later is used.
            const [issuer] = [...authorities.values()]
                .filter((ca) => isIssuedBy(leaf, ca))
                .sort((one, other) => Date.parse(other.validFrom) - Date.parse(one.validFrom));
            const chain = issuer === undefined ? "" : withNewline(certificate) + issuer.toString();
            return { deviceId: urn.slice(urn.lastIndexOf("::") + 2), chain, privateKey };
        });
}

function withNewline(text: string): string {
    return text.endsWith("\n") ? text : `${text}\n`;
}

function makeFolder(folder: string): void {
    if (!existsSync(folder)) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        // Independent of the umask.
        chmodSync(folder, 0o700);
    }
}

/** Returns whether the file was written. */
function put(file: string, text: string, onlyChanged: boolean): boolean {
    if (onlyChanged && existsSync(file) && readFileSync(file, "utf8") === text) {
        return false;
    }
    writePrivateFile(file, text);
    return true;
}

/** Keys belong neither in a repository nor in a folder that others can read. */
function refuseCommittable(folder: string): void {
    const full = path.resolve(folder);
    if (existsSync(full) && (statSync(full).mode & onlyOwner) !== 0) {
        const mode = (statSync(full).mode & 0o777).toString(8);
        throw new StackFileError(
            `${folder} is accessible to other users (mode ${mode}), and keys would be written there — chmod 700 ${folder}, or name ` +
                `another folder`,
        );
    }
    let present = full;
    while (!existsSync(present)) {
        present = path.dirname(present);
    }
    const git = (...args: readonly string[]) =>
        spawnSync("git", ["-C", present, ...args], { encoding: "utf8" });
    const isRepository = git("rev-parse", "--is-inside-work-tree").stdout?.trim() === "true";
    if (isRepository && git("check-ignore", "-q", path.join(full, "device.key")).status !== 0) {
        throw new StackFileError(
            `${folder} is in a git repository that does not ignore it, so keys could be committed — name a folder outside, ` +
                `such as ../credentials, or put it into .gitignore`,
        );
    }
}
