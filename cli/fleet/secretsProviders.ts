import { StackFileError } from "../stackFiles/planConfig";
import type { Fleet } from "./fleet";
import { CliError } from "./pulumiCli";

/**
 * Encrypts the states of a platform's stacks, and its settings, with another key: one stack after the other, the hub's
 * last. A stack that the new passphrase already opens is left unchanged, so the same command continues after an
 * interruption, and after only the hub's stack was changed.
 *
 * @param provider in the form that `pulumi stack change-secrets-provider` accepts
 * @param passphrase the new passphrase, for the provider `passphrase`
 * @throws StackFileError before anything is changed
 */
export async function changeSecretsProviders(
    fleet: Fleet,
    provider: string,
    passphrase: string | undefined,
    say: (line: string) => void,
): Promise<void> {
    if ((provider === "passphrase") !== (passphrase !== undefined)) {
        throw new StackFileError(
            passphrase === undefined
                ? "no new passphrase given — put it in a file: --new-passphrase-file FILE"
                : `a passphrase is only for the provider "passphrase", not for ${provider} — omit it`,
        );
    }
    if (passphrase === "") {
        throw new StackFileError("the new passphrase is empty — put one in the file");
    }
    await fleet.locked(async () => {
        const { platform, cli, runFolder } = fleet;
        const { stacks, file } = await fleet.read();
        const all = [...stacks.existing.filter((stack) => stack !== platform), platform];
        const done = new Set<string>();
        for (const stack of all) {
            const isOpen = await opens(fleet, stack);
            // Any passphrase opens a state without secrets.
            if (!isOpen && passphrase !== undefined && (await opens(fleet, stack, passphrase))) {
                done.add(stack);
            } else if (!isOpen) {
                throw new StackFileError(
                    `the passphrase does not decrypt the state of ${stack}; nothing was changed — set ` +
                        `PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase with which it was encrypted`,
                );
            }
        }
        for (const stack of all) {
            if (fleet.isStopped) {
                say(`${stack}: not changed; the same command continues here`);
                continue;
            }
            if (done.has(stack)) {
                say(`${stack}: already has the new passphrase`);
                continue;
            }
            runFolder.write(stack, file.keyAlone());
            const where = stack === platform ? "user" : "run";
            await cli.changeSecretsProvider(stack, provider, where, passphrase);
            say(`${stack}: changed`);
        }
    });
}

/** Whether a passphrase decrypts a state; default: this process's passphrase. */
async function opens({ cli }: Fleet, stack: string, passphrase?: string): Promise<boolean> {
    const variables: Record<string, string> =
        passphrase === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE: passphrase };
    try {
        await cli.exportState(stack, "decrypted", variables);
        return true;
    } catch (error) {
        if (error instanceof CliError && /passphrase/i.test(error.message)) {
            return false;
        }
        throw error;
    }
}
