import * as assert from "assert";
import { execFile } from "child_process";
import { X509Certificate } from "crypto";
import { createServer, IncomingMessage, Server, ServerResponse } from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { json } from "stream/consumers";
import { Deployment } from "../support/deployment";
import { heldDevices } from "../support/fleetStates";

const repository = path.resolve(__dirname, "../..");
const minute = 60;
const day = 24 * 3600;

interface Message {
    readonly data: {
        readonly essentials: { readonly alertId: string };
        readonly alertContext: {
            readonly count: number;
            readonly certificates: readonly {
                readonly sha256Thumbprint: string;
                readonly daysLeft: number;
            }[];
        };
    };
}

/** A webhook on one port, which can be away. */
class Receiver {
    /** What it answered with 200. */
    readonly taken: Message[] = [];
    private server: Server | undefined;
    private port = 0;

    get address(): string {
        return `http://127.0.0.1:${this.port}/hook`;
    }

    /** @param answer what to do with a message; returns its status, or undefined: never an answer */
    async begin(
        answer: (message: Message, response: ServerResponse) => number | undefined,
    ): Promise<void> {
        const serve = async (request: IncomingMessage, response: ServerResponse) => {
            const message = (await json(request)) as Message;
            const status = answer(message, response);
            if (status === 200) {
                this.taken.push(message);
            }
            if (status !== undefined) {
                response.writeHead(status).end();
            }
        };
        this.server = createServer((request, response) => void serve(request, response));
        await new Promise<void>((done) => this.server?.listen(this.port, "127.0.0.1", done));
        this.port = (this.server.address() as AddressInfo).port;
    }

    up(): Promise<void> {
        return this.begin(() => 200);
    }

    /** Nobody listens any more. */
    async down(): Promise<void> {
        this.server?.closeAllConnections();
        await new Promise((done) => this.server?.close(done) ?? done(undefined));
        this.server = undefined;
    }

    /** Every alert that it took, as `thumbprint band`, in order. */
    alerts(): string[] {
        return this.taken.flatMap(({ data }) =>
            data.alertContext.certificates.map(
                ({ sha256Thumbprint, daysLeft }) =>
                    `${sha256Thumbprint} ${[0, 7, 14, 30].find((band) => daysLeft < band)}`,
            ),
        );
    }
}

/** A scheduled job on a later clock, with receivers that fail as receivers do. */
describe("npm run expiry -- --notify, run again and again", function () {
    this.timeout(900_000);
    let deployment: Deployment;
    let expected: string[];

    before(async function () {
        const keyAlgorithm = "ECDSA-P256";
        const group = (validityDays: number) => ({
            keyAlgorithm,
            validityDays,
            renewBeforeDays: 40,
        });
        deployment = await Deployment.make(this, "notify", {
            pki: { keyAlgorithm },
            groups: { pumps: group(90), meters: group(95), presses: group(80), taps: group(110) },
            devices: ["pump", "meter", "press", "tap"].flatMap((one) =>
                [1, 2].map((number) => ({
                    id: `${one}-${number}`,
                    group: one === "press" ? "presses" : `${one}s`,
                })),
            ),
            outputDevices: [],
        });
        await deployment.up();
        // Of each group's days, 85 are over.
        const bands: Record<string, number> = { pump: 7, meter: 14, press: 0, tap: 30 };
        expected = [...heldDevices(deployment)]
            .map(([id, { chain }]) => {
                const thumbprint = new X509Certificate(chain).fingerprint256.replace(/:/g, "");
                return `${thumbprint} ${bands[id.split("-")[0]]}`;
            })
            .sort();
        assert.equal(expected.length, 8);
    });

    after(() => deployment?.remove());

    /** One run of the job, some minutes after the first one. @returns its exit status */
    function job(minutes: number, memory: string, ...receivers: Receiver[]): Promise<number> {
        const { project, name, variables } = deployment;
        const clock = path.join(repository, "scripts/lib/laterClock.js");
        const env = {
            ...variables,
            NODE_OPTIONS: `${variables.NODE_OPTIONS ?? ""} --require "${clock}"`,
            LATER_CLOCK_SECONDS: String(85 * day + minutes * minute),
        };
        const args = [
            ...["--stack", name, "--state-only", "--memory", project.file(memory)],
            ...receivers.flatMap(({ address }) => ["--notify", address]),
        ];
        return new Promise((resolve) => {
            execFile(
                "bash",
                [path.join(repository, "scripts/expiry.sh"), ...args],
                { cwd: project.folder, env },
                (error) => resolve(error === null ? 0 : Number(error.code)),
            );
        });
    }

    it("misses nothing for a receiver that was down for an hour, and sends nothing twice", async () => {
        const receiver = new Receiver();
        const memory = "hour.json";
        const sent = (minutes: number) => job(minutes, memory, receiver);
        await receiver.up();
        await receiver.down();
        assert.equal(await sent(0), 1, "connections are refused");
        await receiver.begin(() => 503);
        assert.equal(await sent(15), 1, "503");
        await receiver.down();
        await receiver.begin(() => undefined);
        assert.equal(await sent(30), 1, "no answer");
        await receiver.down();
        assert.deepEqual(receiver.alerts(), []);

        // It takes two of four messages, and dies.
        await receiver.begin((_, { socket }) => {
            if (receiver.taken.length < 2) {
                return 200;
            }
            socket?.destroy();
            void receiver.down();
            return undefined;
        });
        assert.equal(await sent(45), 1, "dies in the middle");
        assert.equal(receiver.alerts().length, 4);

        await receiver.up();
        assert.equal(await sent(60), 3);
        assert.deepEqual(receiver.alerts().sort(), expected);
        assert.equal(await sent(75), 3);
        await receiver.down();
        assert.deepEqual(receiver.alerts().sort(), expected);
    });

    it("sends to one receiver while another one is down, and to each everything once", async () => {
        const [first, second] = [new Receiver(), new Receiver()];
        await first.up();
        await second.up();
        await first.down();
        assert.equal(await job(0, "two.json", first, second), 1);
        assert.deepEqual(second.alerts().sort(), expected);
        await first.up();
        assert.equal(await job(15, "two.json", first, second), 3);
        assert.equal(await job(30, "two.json", first, second), 3);
        await first.down();
        await second.down();
        for (const receiver of [first, second]) {
            assert.deepEqual(receiver.alerts().sort(), expected);
        }
    });

    it("gives a message that is repeated the same ID, and each other one an ID of its own", async () => {
        const receiver = new Receiver();
        const ids: string[] = [];
        // It has the first message, but nobody learns that.
        await receiver.begin(({ data }, { socket }) => {
            ids.push(data.essentials.alertId);
            socket?.destroy();
            return undefined;
        });
        assert.equal(await job(0, "repeated.json", receiver), 1);
        assert.deepEqual(new Set(ids).size, 1);
        await receiver.down();
        await receiver.up();
        assert.equal(await job(15, "repeated.json", receiver), 3);
        await receiver.down();
        const later = receiver.taken.map(({ data }) => data.essentials.alertId);
        assert.equal(later[0], ids[0]);
        assert.equal(new Set(later).size, 4);
    });
});
