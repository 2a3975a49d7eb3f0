import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { azureLogin } from "../../components/azure/login";
import { readExchanges, Recording } from "./recording";
import { start, stop } from "./recorder";
import { Trial } from "./trial";

const recorder = path.join(__dirname, "recorder.js");

export interface LiveOptions {
    readonly against: Recording["against"];
    readonly subscriptionId: string;
    readonly location: string;
    /** File for the recording. */
    readonly file: string;
    readonly pulumiHome: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly say: (text: string) => void;
    /** Ends the trial; its resources are deleted nevertheless. */
    readonly signal?: AbortSignal;
}

/**
 * Runs the trial with the recorder in all Node.js processes, including this one, and writes the recording.
 *
 * @throws Error of the step that failed; what was recorded until then is written nevertheless
 */
export async function runLive(options: LiveOptions): Promise<Recording> {
    const { against, subscriptionId, location, file, pulumiHome, environment, say, signal } =
        options;
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-live-"));
    const lines = path.join(folder, "exchanges");
    writeFileSync(lines, "");
    const before = process.env.IOT_X509_LIVE_RECORD;
    process.env.IOT_X509_LIVE_RECORD = lines;
    start();
    const steps: Recording["steps"][number][] = [];
    const failure = await Trial.run({
        login: azureLogin(() => undefined, environment),
        subscriptionId,
        location,
        pulumiHome,
        environment: {
            ...environment,
            IOT_X509_LIVE_RECORD: lines,
            NODE_OPTIONS: `${environment.NODE_OPTIONS ?? ""} --require "${recorder}"`.trim(),
        },
        say,
        signal,
        onStep: (step) => void steps.push(step),
    }).then(
        () => undefined,
        (error: Error) => error,
    );
    stop();
    if (before === undefined) {
        delete process.env.IOT_X509_LIVE_RECORD;
    } else {
        process.env.IOT_X509_LIVE_RECORD = before;
    }
    const recording: Recording = { format: 1, against, steps, exchanges: readExchanges(lines) };
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(file, JSON.stringify(recording, undefined, 2) + "\n");
    if (failure !== undefined) {
        throw failure;
    }
    return recording;
}

/** @throws Error that names the file if it is not a recording */
export function readRecording(file: string): Recording {
    const read = JSON.parse(readFileSync(file, "utf8")) as Recording;
    if (read.format !== 1 || !Array.isArray(read.exchanges)) {
        throw new Error(`${file} is not a recording of npm run live`);
    }
    return read;
}
