import { hostname, userInfo } from "os";
import { shellWord } from "../../components/text/shellWords";
import { StackFileError } from "../stackFiles/planConfig";
import { CliError, PulumiCli } from "./pulumiCli";
import { RunFolder } from "./runFolder";
import { PlatformFile } from "../stackFiles/stackFiles";

/** A stack's tag that tells who holds a lock: JSON of a {@link Holder}. */
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
 * At most one run at a time changes the stacks of a platform, from whichever folder or machine: an empty stack beside them
 * that only one run can make. The backend's own locks are no use for it, because they hold one stack at a time, and the
 * settings, moves and deploys of a run belong together.
 */
export class PlatformLock {
    private constructor(
        private readonly stack: string,
        private readonly cli: LockCli,
    ) {}

    /** @throws StackFileError telling who holds it, and how it is freed after a kill */
    static async take(
        platform: string,
        { secretsProvider }: Pick<PlatformFile, "secretsProvider">,
        cli: LockCli,
        runFolder: Pick<RunFolder, "write">,
    ): Promise<PlatformLock> {
        const stack = `${platform}-fleet-lock`;
        // It holds no secret, so it needs no key of the platform's.
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

    /** What went well stays so when the lock cannot be freed. */
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

/** Undefined in the moment in which the lock is being taken, or is freed meanwhile. */
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
