import { shellWord } from "../../components/text/shellWords";
import { Settings } from "../../stacks/settings";
import { StackFileError } from "../stackFiles/planConfig";
import { counted } from "./counted";

/** The stack of each device must be known without decrypting a secret. */
export function refuseHidden({ shards }: Settings, unread: readonly string[]): void {
    const hidden =
        unread.find((name) => /^shards?\b/.test(name)) ??
        (shards === undefined
            ? undefined
            : unread.find((name) => /^(devices|devicesFile|deviceDefaults|groups)\b/.test(name)));
    if (hidden !== undefined) {
        throw new StackFileError(
            `iot-x509:${hidden} is encrypted, but it determines which fleet stack holds which device — write it in ` +
                `plain text: pulumi config set --plaintext${/[.[]/.test(hidden) ? " --path" : ""} ${shellWord(`iot-x509:${hidden}`)} VALUE`,
        );
    }
}

/** With protected resources, a destroy would stop in the middle: it refuses them only after most others are gone. */
export function refuseProtected(found: ReadonlyMap<string, readonly string[]>): void {
    if (found.size === 0) {
        return;
    }
    const counts = [...found].map(
        ([stack, urns]) => `${counted(urns.length, "resource")} of ${stack}`,
    );
    const [[, [first]]] = found;
    throw new StackFileError(
        `protected from deletion: ${counts.join(", ")}, such as ${nameIn(first)}; nothing was deleted — to destroy them ` +
            'anyway, set iot-x509:protect to false and run "npm run fleet -- up" first',
    );
}

export function nameIn(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}
