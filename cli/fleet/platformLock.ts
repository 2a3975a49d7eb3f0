import { hostname, userInfo } from "os";
import { shellWord } from "../../components/text/shellWords";
import { StackFileError } from "../stackFiles/planConfig";
import { CliError, PulumiCli } from "./pulumiCli";
import { RunFolder } from "./runFolder";
import { PlatformFile } from "../stackFiles/stackFiles";

/** Stack tag that names the holder of a lock: JSON of a {@link Holder}. */
const holderTag = "iot-x509:run";

interface Holder {
    readonly user: string;
    readonly host: string;
    readonly pid: number;
    /** ISO 8601. */
    readonly since: string;
}

type LockCli = Pick<PulumiCli, "makeStack" | "removeStack" | "tag" | "tags">;

/**
 * Lets at most one run at a time change the stacks of a platform, from any folder or machine. The lock is an additional
 * empty stack, which only one run can create. The backend's own locks do not suffice, because each covers one stack only,
 * and the settings, moves and deployments of a run belong together.
 */
export class PlatformLock {
    private constructor(
        private readonly stack: string,
        private readonly cli: LockCli,
    ) {}

    /** @throws StackFileError that names the holder, and how to free the lock after a kill */
    static async take(
        platform: string,
        { secretsProvider }: Pick<PlatformFile, "secretsProvider">,
        cli: LockCli,
        runFolder: Pick<RunFolder, "write">,
    ): Promise<PlatformLock> {
        const stack = `${platform}-fleet-lock`;
        // The lock stack holds no secret, so it does not need the platform's key.
        runFolder.write(stack, "config: {}\n");
        try {
            await cli.makeStack(stack, secretsProvider);
        } catch (error) {
            if (
                error instanceof CliError &&
                /already exists|currently locked/.test(error.message)
            ) {
                throw new StackFileError(await held(platform, stack, cli));
            }
            throw error;
        }
        const { pid } = process;
        const { username: user } = userInfo();
        const holder: Holder = { user, host: hostname(), pid, since: new Date().toISOString() };
        await cli.tag(stack, holderTag, JSON.stringify(holder));
        return new PlatformLock(stack, cli);
    }

    /** A failure to free the lock does not turn success into failure. */
    async release(say: (line: string) => void): Promise<void> {
        try {
            await this.cli.removeStack(this.stack);
        } catch (error) {
            say(
                `the lock could not be released; release it with "${remedyFor(this.stack)}": ${String(error)}`,
            );
        }
    }
}

async function held(platform: string, stack: string, cli: LockCli): Promise<string> {
    const remedy = remedyFor(stack);
    const holder = await holderOf(stack, cli);
    if (holder === undefined) {
        return (
            `another run of npm run fleet has locked ${platform}, and nothing was changed — ` +
            `wait for it to end; if it is no longer running, release the lock with "${remedy}"`
        );
    }
    const { user, host, pid, since } = holder;
    const who = `${user}@${host} (process ${pid}, since ${since})`;
    return host === hostname() && !isAlive(pid)
        ? `the run of ${who} was killed and left ${platform} locked; nothing was changed — release the lock with "${remedy}"`
        : `another run of npm run fleet, by ${who}, is under way for ${platform}, and nothing was changed — ` +
              `wait for it to end; if it is no longer running, release the lock with "${remedy}"`;
}

function remedyFor(stack: string): string {
    return `pulumi stack rm ${shellWord(stack)} --yes`;
}

/** Undefined while the lock is being taken, or if it has been freed meanwhile. */
async function holderOf(stack: string, cli: LockCli): Promise<Holder | undefined> {
    try {
        const tags = await cli.tags(stack);
        return tags[holderTag] === undefined ? undefined : (JSON.parse(tags[holderTag]) as Holder);
    } catch (error) {
        if (error instanceof CliError) {
            return undefined;
        }
        throw error;
    }
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
