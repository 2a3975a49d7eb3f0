import { shellWord } from "../text/shellWords";
import { AzureError } from "./client";
import type { lastingRefusal, roleSince } from "./lastingRefusal";

const announceEvery = 15_000;
const pollMilliseconds = 3_000;
/** Azure occasionally does not find an existing hub for a moment (azure-iot-cli-extension issue 77). */
const lostTimes = 5;

export interface DataPlaneAccessOptions {
    readonly hostName: string;
    /** ARM resource ID of the hub or provisioning service. */
    readonly resourceId: string;
    /** Built-in role that the calls require, e.g. `IoT Hub Data Contributor`. */
    readonly role: string;
    /** How long to wait for a role assignment to take effect. */
    readonly waitSeconds: number;
    /** Tells why a refusal is permanent: {@link lastingRefusal}. Default: unknown. */
    readonly lasting?: typeof lastingRefusal;
    /** Tells since when the login has had the role: {@link roleSince}. Default: unknown. */
    readonly since?: typeof roleSince;
}

/**
 * Waits until a role assignment has propagated, which takes up to ten minutes (Azure docs:
 * role-based-access-control/troubleshooting), and logs that it waits.
 */
export class DataPlaneAccess {
    private announcedAt = 0;
    private isOver = false;
    private reason: Promise<string | undefined> | undefined;
    private held: Promise<string | undefined> | undefined;

    constructor(private readonly options: DataPlaneAccessOptions) {}

    /**
     * After one call has waited in vain, later calls fail at once; otherwise a fleet would wait for each of its requests. A
     * refusal that no role can resolve is not waited for.
     *
     * @throws Error that names the missing role and the command that grants it, or since when the login has had the role, or why
     *     the refusal is permanent
     */
    async whenGranted<T>(call: () => Promise<T>): Promise<T> {
        const deadline = Date.now() + this.options.waitSeconds * 1000;
        for (let lost = 0; ;) {
            try {
                return await call();
            } catch (error) {
                if (isLost(error) && lost < lostTimes) {
                    lost++;
                } else if (isRefused(error)) {
                    await this.judge(error, deadline);
                } else {
                    throw error;
                }
            }
            await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
        }
    }

    private async judge(error: AzureError, deadline: number): Promise<void> {
        const { hostName, resourceId, role, lasting } = this.options;
        this.reason ??= lasting?.(resourceId, role, error);
        const reason = await this.reason;
        if (reason !== undefined) {
            throw new Error(`${error.message}\n${hostName} rejects this login: ${reason}`);
        }
        this.isOver ||= Date.now() + pollMilliseconds > deadline;
        if (this.isOver) {
            throw (await this.tooSoon(error)) ?? this.missingRole(error);
        }
        this.announce(deadline);
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

    /** Undefined if the login does not have the role. */
    private async tooSoon(error: AzureError): Promise<Error | undefined> {
        const { hostName, resourceId, role, since, waitSeconds } = this.options;
        this.held ??= since?.(resourceId, role);
        const held = await this.held;
        return held === undefined
            ? undefined
            : new Error(
                  `${error.message}\nThis login has the role "${role}" since ${held}, and ${hostName} does not count it yet` +
                      (waitSeconds === 0
                          ? ""
                          : `, after a wait of ${waitSeconds} s (iot-x509:hub.roleWaitSeconds)`) +
                      ". Azure takes up to ten minutes: run the same command again then.",
              );
    }

    private missingRole(error: AzureError): Error {
        const { hostName, role, resourceId } = this.options;
        return new Error(
            `${error.message}\nThe deploying principal lacks a data-plane role on ${hostName}. ` +
                `Grant it with:\n  az role assignment create --role ${shellWord(role)} ` +
                `--assignee-object-id OBJECT-ID-OF-THE-PRINCIPAL --assignee-principal-type ServicePrincipal ` +
                `--scope ${shellWord(resourceId)}\n` +
                `or set iot-x509:hub.dataRole to "assign", and this program grants it.`,
        );
    }
}

/** Excludes refusals because of the hub's tier, which no role can resolve. */
function isRefused(error: unknown): error is AzureError {
    return (
        error instanceof AzureError &&
        (error.status === 401 || error.status === 403) &&
        !/OperationNotAvailableInCurrentTier|403010/.test(error.code ?? "") &&
        !isLost(error)
    );
}

function isLost(error: unknown): boolean {
    return (
        error instanceof AzureError &&
        error.status === 401 &&
        (error.code === "IotHubNotFound" || error.code === "401001")
    );
}
