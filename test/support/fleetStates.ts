import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import { readdirSync } from "fs";
import * as path from "path";
import { Deployment } from "./deployment";
import { PerState } from "./perState";

const cli = path.resolve(__dirname, "../../.local/bin/pulumi");
/** How the engine marks a secret in an exported state, which has it in `plaintext` as JSON. */
const secretMark = "4dabf18193072939515e22adb298388d";

interface Resource {
    readonly urn: string;
    readonly type: string;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A device as a stack's state has it, decrypted. */
export interface HeldDevice {
    readonly stack: string;
    /** PEM, leaf first. */
    readonly chain: string;
    readonly privateKey: string;
    /** Certificate and identity. */
    readonly resources: readonly Resource[];
}

const decrypted = new PerState<Resource[]>();

/** Names of all stacks of a deployment's project. */
export function stackNames({ project }: Deployment): string[] {
    return readdirSync(path.dirname(project.stateFile("any")))
        .filter((file) => file.endsWith(".json"))
        .map((file) => path.basename(file, ".json"))
        .sort();
}

/** The devices with identity or registration, and certificate, in any stack of the project; one in two stacks is an error. */
export function heldDevices(deployment: Deployment): Map<string, HeldDevice> {
    const held = new Map<string, HeldDevice>();
    const states = new Map(
        stackNames(deployment).map((stack) => [
            stack,
            decrypted.get(deployment.project.stateFile(stack), () =>
                decryptedState(deployment, stack),
            ),
        ]),
    );
    const authorities = [...states.values()]
        .flatMap((resources) => ofType(resources, "locallySignedCert:LocallySignedCert"))
        .map(({ outputs }) => String(outputs?.certPem));
    for (const [stack, resources] of states) {
        const present = ["iothub:DeviceIdentity", "dps:DeviceRegistration"].flatMap((type) =>
            ofType(resources, type).map(({ urn }) => nameOf(urn)),
        );
        for (const id of new Set(present)) {
            if (held.has(id)) {
                throw new Error(`${id} is in ${stack} and in ${held.get(id)?.stack}`);
            }
            const parts = resources.filter((resource) => nameOf(resource.urn) === id);
            const [certificate] = ofType(parts, "pki:DeviceCertificate");
            if (certificate === undefined) {
                continue;
            }
            const { outputs = {} } = certificate;
            const leaf = new X509Certificate(String(outputs.certificate));
            const issuer = authorities.find((pem) => leaf.checkIssued(new X509Certificate(pem)));
            held.set(id, {
                stack,
                chain: `${String(outputs.certificate)}${issuer}`,
                privateKey: String(outputs.privateKey),
                resources: parts,
            });
        }
    }
    return held;
}

function decryptedState({ project, variables }: Deployment, stack: string): Resource[] {
    const text = execFileSync(cli, ["stack", "export", "--stack", stack, "--show-secrets"], {
        cwd: project.folder,
        env: variables,
        encoding: "utf8",
        maxBuffer: 256 * 1024 * 1024,
    });
    const reveal = (_: string, value: unknown): unknown => {
        const { plaintext, ...rest } = (value ?? {}) as { plaintext?: string };
        return plaintext !== undefined && secretMark in rest ? JSON.parse(plaintext) : value;
    };
    const { deployment } = JSON.parse(text, reveal) as { deployment: { resources?: Resource[] } };
    return deployment.resources ?? [];
}

function ofType(resources: readonly Resource[], type: string): Resource[] {
    return resources.filter((resource) => resource.type.endsWith(`/${type}`));
}

function nameOf(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}
