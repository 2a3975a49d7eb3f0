import { strict as assert } from "assert";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "fs";
import { createServer, IncomingMessage, Server, ServerResponse } from "http";
import { AddressInfo } from "net";
import { tmpdir } from "os";
import * as path from "path";
import { json } from "stream/consumers";
import { Expiring } from "../../../../cli/expiry/bands";
import { Memory } from "../../../../cli/expiry/memory";
import { notify } from "../../../../cli/expiry/notify";
import { post } from "../../../../cli/expiry/webhook";
import { InventoryRow } from "../../../../cli/inventory/row";

interface CommonAlert {
    readonly schemaId: string;
    readonly data: {
        readonly essentials: Readonly<Record<string, unknown>>;
        readonly alertContext: {
            readonly count: number;
            readonly certificates: readonly { readonly name: string }[];
        };
    };
}

const days = [30, 14, 7];
const now = new Date("2027-01-10T06:00:00Z");

function alert(name: string, band: number): Expiring {
    const row = { kind: "device", name, sha256Thumbprint: name.repeat(8), daysLeft: band - 1 };
    return { row: row as InventoryRow, band };
}

describe("webhooks of npm run expiry", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-expiry-"));
    const taken: CommonAlert[] = [];
    let server: Server;
    let address: string;
    /** Statuses of the next answers; then 200. */
    let statuses: number[] = [];

    before(async () => {
        const answer = async (request: IncomingMessage, response: ServerResponse) => {
            const body = (await json(request)) as CommonAlert;
            const status = statuses.shift() ?? 200;
            if (status === 200) {
                taken.push(body);
            }
            response.writeHead(status).end();
        };
        server = createServer((request, response) => void answer(request, response));
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?code=S3CRET`;
    });

    beforeEach(() => {
        taken.length = 0;
        statuses = [];
    });

    after(() => {
        server.close();
        rmSync(folder, { recursive: true });
    });

    const send = (alerts: readonly Expiring[], file: string, receivers = [address]) =>
        notify(
            { stack: "prod", hub: "iot.azure-devices.net" },
            alerts,
            days,
            receivers,
            Memory.read(file),
            now,
            () => undefined,
        );

    it("are sent one message a band, by Azure Monitor's common alert schema", async () => {
        const file = path.join(folder, "form.json");
        const { sent } = await send([alert("a", 0), alert("b", 7), alert("c", 7)], file);
        assert.equal(sent, 3);
        assert.deepEqual(
            taken.map(({ schemaId, data }) => [
                schemaId,
                data.essentials.severity,
                data.essentials.monitorCondition,
                data.essentials.firedDateTime,
                data.alertContext.certificates.map(({ name }) => name),
            ]),
            [
                ["azureMonitorCommonAlertSchema", "Sev0", "Fired", now.toISOString(), ["a"]],
                ["azureMonitorCommonAlertSchema", "Sev1", "Fired", now.toISOString(), ["b", "c"]],
            ],
        );
    });

    it("have an ID of their own, also for the next certificate of the same device", async () => {
        const next = alert("a", 7);
        const renewed = { ...next, row: { ...next.row, sha256Thumbprint: "b".repeat(64) } };
        await send([next], path.join(folder, "id.json"));
        await send([next], path.join(folder, "id-again.json"));
        await send([renewed], path.join(folder, "id-next.json"));
        const [first, again, later] = taken.map(({ data }) => data.essentials.alertId);
        assert.equal(again, first);
        assert.notEqual(later, first);
    });

    it("get each certificate and band once, over runs", async () => {
        const file = path.join(folder, "once.json");
        await send([alert("a", 30)], file);
        await send([alert("a", 30), alert("b", 30)], file);
        await send([alert("a", 14), alert("b", 30)], file);
        assert.deepEqual(
            taken.map(({ data }) => data.alertContext.certificates.map(({ name }) => name)),
            [["a"], ["b"], ["a"]],
        );
    });

    it("miss nothing while they are down: the run fails, and the next one sends it", async () => {
        const file = path.join(folder, "down.json");
        statuses = [404];
        const { sent, problems } = await send([alert("a", 30)], file);
        assert.deepEqual([sent, problems.length], [0, 1]);
        assert.match(
            problems[0],
            /^the webhook at 127\.0\.0\.1:\d+ did not take the alert: it answered 404$/,
        );
        assert.equal((await send([alert("a", 30)], file)).sent, 1);
        assert.equal((await send([alert("a", 30)], file)).sent, 0);
    });

    it("that took an alert do not get it again because another one is down", async () => {
        const file = path.join(folder, "two.json");
        const other = address.replace("hook", "other");
        statuses = [200, 404];
        assert.equal((await send([alert("a", 30)], file, [address, other])).problems.length, 1);
        assert.equal((await send([alert("a", 30)], file, [address, other])).sent, 1);
        assert.equal(taken.length, 2);
    });

    it("are asked again after an answer that may pass", async () => {
        statuses = [503, 429];
        await post(address, {}, 1);
        assert.equal(taken.length, 1);
    });

    it("are asked five times, and not again after an answer that stays", async () => {
        statuses = [500, 500, 500, 500, 500];
        await assert.rejects(post(address, {}, 1), /it answered 500/);
        assert.deepEqual(statuses, []);
        statuses = [400, 200];
        await assert.rejects(post(address, {}, 1), /it answered 400/);
        assert.deepEqual(statuses, [200]);
    });

    it("that nobody serves are named with the cause, without the secret in their address", async () => {
        await assert.rejects(post("http://127.0.0.1:1/hook?code=S3CRET", {}, 1), (error: Error) => {
            assert.match(error.message, /127\.0\.0\.1:1 .*(ECONNREFUSED|bad port)/);
            assert.doesNotMatch(error.message, /S3CRET|\/hook/);
            return true;
        });
    });

    it("leave no address in the memory, which only its owner reads", async () => {
        const file = path.join(folder, "memory.json");
        await send([alert("a", 30)], file);
        assert.doesNotMatch(readFileSync(file, "utf8"), /127\.0|S3CRET|\/hook/);
        assert.equal(statSync(file).mode & 0o777, 0o600);
    });

    it("a memory that is another file is refused, and stays as it is", () => {
        const file = path.join(folder, "other.json");
        for (const text of ["", "[]", '{"version":2}', "null"]) {
            writeFileSync(file, text);
            assert.throws(() => Memory.read(file), /not a file that this command wrote/);
            assert.equal(readFileSync(file, "utf8"), text);
        }
    });
});
