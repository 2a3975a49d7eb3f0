import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { shellWord } from "../components/text/shellWords";
import { Authorities } from "./authorities";
import { GroupSettings, Settings } from "./settings";

const day = 24 * 3600 * 1000;
/** Each run warns this many days before a CA expires, unless the CA's lifetime is short. */
const noticeDays = 60;

/** Warns of CAs that expire soon or have expired: the date, who depends on them, and what to do. */
export function announceCaEnds(settings: Settings, authorities: Authorities): void {
    for (const { name, certificate } of authorities.roots) {
        warnBeforeEnd(certificate, (end) => `The root CA "${name}" ${end}. ${nextRoot(settings)}`);
    }
    for (const { name, certificate, group, generation } of authorities.intermediates) {
        warnBeforeEnd(certificate, (end) => {
            const lost = `the certificates of group ${group.name} that it signed expire with it`;
            return `The intermediate CA "${name}" ${end}; ${lost}. ${nextCa(settings, group, generation)}`;
        });
    }
}

function warnBeforeEnd(pem: pulumi.Output<string>, text: (end: string) => string): void {
    pem.apply((certificate) => {
        const { validFrom, validTo } = new X509Certificate(certificate);
        const [start, end] = [Date.parse(validFrom), Date.parse(validTo)];
        const notice = Math.min(noticeDays * day, (end - start) / 3);
        const left = end - Date.now();
        if (left <= notice) {
            const date = new Date(end).toISOString().slice(0, 10);
            const days = Math.floor(left / day);
            const when = left <= 0 ? `expired on ${date}` : `expires on ${date}, in ${days} days`;
            void pulumi.log.warn(text(when));
        }
    });
}

function nextRoot({ pki }: Settings): string {
    const rotate =
        "then raise intermediate.generation of each group (docs/operations.md, Rotating a CA)";
    return pki.root.keys === "offline"
        ? `Create a new root, name it in pki.root.certificate, ${rotate}.`
        : `Create a new one with "pulumi config set --path iot-x509:pki.root.generation ${pki.root.generation + 1}", ${rotate}.`;
}

function nextCa(settings: Settings, group: GroupSettings, generation: number): string {
    const path = `iot-x509:groups.${group.name}.intermediate`;
    if (generation !== group.intermediate.generation) {
        return `Install the new chains on the devices first, then delete ${generation} from ${path}.retain.`;
    }
    const isMade = settings.pki.root.keys === "managed";
    return (
        `Rotate it: pulumi config set --path ${shellWord(`${path}.generation`)} ${generation + 1}; ` +
        `pulumi config set --path ${shellWord(`${path}.retain[${group.intermediate.retain.length}]`)} ${generation}; pulumi up.` +
        (isMade ? " After it has expired, pulumi up signs it again for the same key." : "")
    );
}
