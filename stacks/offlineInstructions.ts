import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { shellWord, subjectWord } from "../components/text/shellWords";
import { PendingIntermediate } from "./authorities";
import { Platform } from "./platform";
import { Settings } from "./settings";

const day = 24 * 3600 * 1000;

/** Prints the next steps that only the holder of the offline root can take, with the commands. */
export function announceOfflineSteps(settings: Settings, platform: Platform): void {
    const rootDays = daysLeft(settings.pki.root.certificatePem);
    for (const [name, pending] of platform.authorities.pending) {
        void pulumi.log.warn(
            `The intermediate CA "${name}" needs the offline root's signature.\n` +
                `  pulumi stack output signingRequests --json | ` +
                `node -pe ${shellWord(requestOf(name))} > ${shellWord(`${name}.csr`)}\n` +
                `  ${signCommand(name, Math.min(pending.validityDays, rootDays))}\n` +
                `Then set its path on this machine, and run "pulumi up" again:\n` +
                `  pulumi config set --path ${shellWord(certificatePath(pending))} ${shellWord(`${name}.pem`)}`,
        );
    }
    if (settings.pki.trust === "root" && settings.pki.root.keys === "offline") {
        announceProof(platform);
    }
}

/** JavaScript that extracts one request from the output. */
function requestOf(name: string): string {
    return `JSON.parse(require("fs").readFileSync(0))[${JSON.stringify(name)}]`;
}

function certificatePath({ group, generation }: PendingIntermediate): string {
    return `iot-x509:groups.${group}.intermediate.certificates["${generation}"]`;
}

/** Whole days until the root expires: no intermediate may outlive it. */
function daysLeft(rootPem: string | undefined): number {
    if (rootPem === undefined) {
        return Infinity;
    }
    const end = Date.parse(new X509Certificate(rootPem).validTo);
    return Math.max(1, Math.floor((end - Date.now()) / day));
}

function announceProof(platform: Platform): void {
    platform.trusted.get("root")?.verificationCode?.apply((code) => {
        if (code !== undefined && !pulumi.runtime.isDryRun()) {
            void pulumi.log.warn(
                `The offline root needs a proof of possession for code ${code}.\n` +
                    `  openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj ${subjectWord([["CN", code]])} -out proof.csr\n` +
                    `  openssl x509 -req -in proof.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1 -sha256 -out proof.pem\n` +
                    `Then set its path on this machine, and run "pulumi up" again:\n` +
                    `  pulumi config set --path iot-x509:pki.root.proof proof.pem`,
            );
        }
    });
}

function signCommand(name: string, days: number): string {
    const extensions = [
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "keyUsage=critical,keyCertSign,cRLSign",
        "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid",
    ];
    return (
        `openssl x509 -req -in ${shellWord(`${name}.csr`)} -CA root.pem -CAkey root.key -CAcreateserial ` +
        `-days ${days} -sha256 -extfile <(printf '${extensions.join("\\n")}') -out ${shellWord(`${name}.pem`)}`
    );
}
