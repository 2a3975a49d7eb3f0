/** Writes one line per event to stderr; stdout is reserved for the ready line. */
export interface Log {
    info(text: string): void;
    warn(text: string): void;
}

export function stderrLog(): Log {
    const write = (level: string, text: string): void => {
        process.stderr.write(`${new Date().toISOString()} ${level} ${text}\n`);
    };
    return { info: (text) => write("info", text), warn: (text) => write("warn", text) };
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined };
