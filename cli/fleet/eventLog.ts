import { open } from "fs/promises";
import { setTimeout as sleep } from "timers/promises";
import type { EngineEvent } from "@pulumi/pulumi/automation";

const pollMilliseconds = 250;
const chunkBytes = 1024 * 1024;

/**
 * Reads events from a file, one JSON object per line, while the engine writes it.
 *
 * @param isOver whether nothing more will be written; the rest of the file is then read to its end
 */
export async function followEvents(
    file: string,
    isOver: () => boolean,
    take: (event: EngineEvent) => void,
): Promise<void> {
    const log = await open(file, "r");
    try {
        const chunk = Buffer.alloc(chunkBytes);
        let rest = Buffer.alloc(0);
        for (;;) {
            const wasOver = isOver();
            const { bytesRead } = await log.read(chunk, 0, chunkBytes, null);
            if (bytesRead === 0) {
                if (wasOver) {
                    return;
                }
                await sleep(pollMilliseconds);
                continue;
            }
            const all = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
            const end = all.lastIndexOf("\n") + 1;
            const lines = all.subarray(0, end).toString("utf8").split("\n");
            rest = all.subarray(end);
            lines
                .filter((line) => line.trim() !== "")
                .forEach((line) => take(JSON.parse(line) as EngineEvent));
        }
    } finally {
        await log.close();
    }
}
