/*
 * npm run load: 1,000 devices at once on one emulator; prints the figures that the README quotes.
 */
import { runLoad } from "./fleet";

const options = { devices: 1000, messagesPerDevice: 10, concurrency: 50 };

runLoad(options).then(
    (figures) => {
        process.stdout.write(
            `${figures.connected} devices connected at once by mTLS: ` +
                `${figures.handshakesPerSecond.toFixed(0)} handshakes/s\n` +
                `${figures.received} messages received, ${figures.distinct} distinct: ` +
                `${figures.messagesPerSecond.toFixed(0)} messages/s\n` +
                `emulator's memory: ${figures.emulatorMegabytes.toFixed(0)} MB\n`,
        );
        process.exit(0);
    },
    (error: Error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
    },
);
