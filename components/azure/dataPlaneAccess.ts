import { shellWord } from "../pki/shellWords";
import { AzureError } from "./client";

const announceEvery = 15_000;
const pollMilliseconds = 3_000;

export interface DataPlaneAccessOptions {
    readonly hostName: string;
    /** ARM resource ID of the hub or the provisioning service. */
    readonly resourceId: string;
    /** Built-in role that the calls need, e.g. `IoT Hub Data Contributor`. */
    readonly role: string;
    /** How long to wait for a role assignment to take effect. */
    readonly waitSeconds: number;
}

/**
 * Waits out the propagation of a role assignment, up to ten minutes by Azure's word (Azure docs:
 * role-based-access-control/troubleshooting), saying so while it waits.
 */
export class DataPlaneAccess {
    private announcedAt = 0;
    private isOver = false;

    constructor(private readonly options: DataPlaneAccessOptions) {}

    /**
     * Once a call has waited in vain, no later one waits: a fleet would wait for each of its requests.
     *
     * @throws Error naming the missing role and the command that grants it, when the time is over
     */
    async whenGranted<T>(call: () => Promise<T>): Promise<T> {
        const deadline = Date.now() + this.options.waitSeconds * 1000;
        for (;;) {
            try {
                return await call();
            } catch (error) {
                if (!isRefused(error)) {
                    throw error;
                }
                this.isOver ||= Date.now() + pollMilliseconds > deadline;
                if (this.isOver) {
                    throw this.missingRole(error);
                }
                this.announce(deadline);
            }
            await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
        }
    }

    private announce(deadline: number): void {
        if (Date.now() - this.announcedAt >= announceEvery) {
            this.announcedAt = Date.now();
            const left = Math.ceil((deadline - Date.now()) / 1000);
            console.log(
                `waiting for the role on ${this.options.hostName} to take effect (at most ${left} s more)`,
            );
        }
    }

    private missingRole(error: AzureError): Error {
        const { hostName, role, resourceId } = this.options;
        return new Error(
            `${error.message}\nThe deploying principal lacks a data-plane role on ${hostName}. ` +
                `Grant it with:\n  az role assignment create --role ${shellWord(role)} ` +
                `--assignee-object-id OBJECT-ID-OF-THE-PRINCIPAL --assignee-principal-type ServicePrincipal ` +
                `--scope ${shellWord(resourceId)}\n` +
                `or set iot-x509:hub.dataRole to "assign" and let this program do it.`,
        );
    }
}

/** Not a hub's tier, which no role changes. */
function isRefused(error: unknown): error is AzureError {
    return (
        error instanceof AzureError &&
        (error.status === 401 || error.status === 403) &&
        !/OperationNotAvailableInCurrentTier|403010/.test(error.code ?? "")
    );
}
