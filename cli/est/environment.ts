import { readFileSync } from "fs";
import { azureLogin } from "../../components/azure/login";
import type { EstAuthority, EstPolicy } from "../../est/policy";
import { KeySigner } from "../../est/signer";
import type { Problem } from "../../stacks/config";
import { Fleet } from "../fleet/fleet";
import { revealed } from "../fleet/stackState";
import { StackFileError } from "../stackFiles/planConfig";
import { HubDirectory, ServedHub } from "./hubDirectory";
import { stackPolicy } from "./stackPolicy";

const keyType = "tls:index/privateKey:PrivateKey";
/** Settings that every certificate or every judgement depends on. */
const needed = ["organization", "country", "est"];

/** What one reading of a stack gives the service. */
export interface Environment {
    readonly stack: string;
    readonly policy: EstPolicy;
    readonly signer: KeySigner;
    /** Asks the stack's hub, then those that its provisioning service is linked to. */
    readonly directory: HubDirectory;
    /** Devices whose own files in the settings cannot be used; what their hub knows decides about them. */
    readonly unusable: readonly UnusableFile[];
}

/** A certificate or request of one device, and what is wrong with it. */
export interface UnusableFile extends Pick<Problem, "value" | "rule" | "remedy"> {
    readonly device: string;
    /** Where the settings name it. */
    readonly setting: string;
}

/** Key files by group: they take the place of the keys in the state. */
export type KeyFiles = ReadonlyMap<string, string>;

/**
 * Reads settings, state and CA keys of a stack in the working directory. The keys stay in this process's memory.
 *
 * @throws CliError, StackFileError, ConfigurationError
 */
export async function readEnvironment(asked: string, files: KeyFiles): Promise<Environment> {
    const folder = process.cwd();
    const say = (line: string) => console.error(line);
    const unusable: UnusableFile[] = [];
    const fleet = await Fleet.open({
        ...{ folder, stack: asked, refresh: false, say },
        onUnusableFile: (device, { path: setting, value, rule, remedy }) =>
            unusable.push({ device, setting, value, rule, remedy }),
    });
    try {
        const { settings, encrypted, native, stacks } = await fleet.read();
        const { platform: stack } = fleet;
        const hidden = encrypted.find((name) => needed.includes(name.split(/[.[]/)[0]));
        if (hidden !== undefined) {
            throw new StackFileError(
                `${hidden} is encrypted, and the service needs it — it is no secret: set it in plain text`,
            );
        }
        const { outputs } = stacks.previous;
        const hub = outputs.hub as ServedHub | undefined;
        if (hub === undefined) {
            throw new StackFileError(`the stack ${stack} was never deployed — pulumi up first`);
        }
        const policy = stackPolicy(settings, stacks.previous);
        const signer = new KeySigner();
        addKeyFiles(signer, policy, files);
        const others = wanted(policy).filter((authority) => !signer.holds(authority));
        if (others.length > 0) {
            const keys = await stateKeys(fleet, stack);
            others.forEach((authority) => {
                const key = keys.get(`${authority.name}-key`);
                if (key === undefined || !signer.add(authority, key)) {
                    throw new StackFileError(
                        `the state has no key of the CA ${authority.name} — name its file: --ca-key-file GROUP=FILE`,
                    );
                }
            });
        }
        const login = azureLogin((name) => native.get(name));
        const linked = (settings.dps?.linkedHubs ?? []).map(({ id }) => ({
            id,
            hostName: hub.hostName.replace(/^[^.]+/, id.slice(id.lastIndexOf("/") + 1)),
        }));
        const directory = new HubDirectory(login, [hub, ...linked], settings.hub);
        return { stack, policy, signer, directory, unusable };
    } finally {
        fleet.close();
    }
}

function wanted({ groups }: EstPolicy): EstAuthority[] {
    return [...groups.values()].flatMap(({ issuer }) => (issuer === undefined ? [] : [issuer]));
}

function addKeyFiles(signer: KeySigner, { groups }: EstPolicy, files: KeyFiles): void {
    for (const [name, file] of files) {
        const issuer = groups.get(name)?.issuer;
        if (!groups.has(name)) {
            throw new StackFileError(`--ca-key-file ${name}: there is no group of this name`);
        }
        if (issuer !== undefined && !signer.add(issuer, readKey(name, file))) {
            throw new StackFileError(
                `--ca-key-file ${name}: ${file} is not the key of the CA ${issuer.name}`,
            );
        }
    }
}

function readKey(group: string, file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new StackFileError(`--ca-key-file ${group}: ${file} cannot be read (${code})`);
    }
}

/** Keys (PKCS#8 PEM) in the state, by the names of their resources. */
async function stateKeys({ cli }: Fleet, stack: string): Promise<ReadonlyMap<string, string>> {
    const { deployment } = revealed(await cli.exportState(stack, "decrypted"));
    return new Map(
        (deployment.resources ?? []).flatMap(({ type, urn, outputs }) => {
            const key = outputs?.privateKeyPemPkcs8;
            return type === keyType && typeof key === "string"
                ? [[urn.slice(urn.lastIndexOf("::") + 2), key] as const]
                : [];
        }),
    );
}
