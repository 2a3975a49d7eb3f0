import { strict as assert } from "assert";
import { connect as connectTcp, Socket } from "net";
import { connect, TLSSocket } from "tls";
import { azureHost, clouds } from "../core/clouds";
import { Recent } from "../core/recent";
import { Emulator } from "../emulator";
import { Authority } from "../frontend/authority";

/** Names whose certificate would let the emulator's CA, which a developer's programs trust, speak for others. */
const foreign = [
    "example.com",
    "github.com",
    "registry.npmjs.org",
    "azure-devices.net",
    "azure-devices-provisioning.net",
    "hub.azure-devices.net.example.com",
    "hub.example.azure-devices.net",
    "hub.evil-azure-devices.net",
    "*.azure-devices.net",
    "a,DNS:example.com.azure-devices.net",
    "-.azure-devices.net",
    `${"x".repeat(64)}.azure-devices.net`,
    "www.management.azure.com",
    "gateway.local",
];

describe("the emulator's CA", function () {
    this.timeout(30_000);
    let azure: Emulator;
    const log: string[] = [];

    before(async () => {
        const add = (text: string): void => void log.push(text);
        azure = await Emulator.start({ log: { info: add, warn: add } });
    });
    after(() => azure.stop());

    /** The names in the certificate that a listener shows. */
    function shown(servername: string | undefined, port: number, socket?: Socket): Promise<string> {
        return new Promise((resolve, reject) => {
            const ca = azure.authority.rootCertificate;
            const to = socket === undefined ? { host: "127.0.0.1", port } : { socket };
            const client: TLSSocket = connect({ ...to, ca, servername }, () => {
                resolve(client.getPeerCertificate().subjectaltname ?? "");
                client.destroy();
            });
            client.on("error", reject);
        });
    }

    async function tunnel(host: string): Promise<Socket> {
        const socket = connectTcp(azure.ports.https, "127.0.0.1");
        socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        await new Promise((resolve) => socket.once("data", resolve));
        return socket;
    }

    it("signs for each host of each cloud that the emulator emulates", async () => {
        const names = clouds.flatMap(({ login, arm, graph, ...suffixes }) => [
            ...login,
            arm,
            graph,
            `some-hub.${suffixes.hubSuffix}`,
            `global.${suffixes.dpsSuffix}`,
            `some-namespace.${suffixes.eventHubsSuffix}`,
        ]);
        for (const name of names) {
            for (const port of [azure.ports.https, azure.ports.mqtt]) {
                assert.equal(await shown(name, port), `DNS:${name}`);
            }
        }
        assert.equal(
            await shown("HUB.Azure-Devices.net", azure.ports.mqtt),
            "DNS:hub.azure-devices.net",
        );
    });

    it("signs for localhost, for hubs' separate ports and clients without SNI", async () => {
        for (const name of ["localhost", undefined]) {
            const names = await shown(name, azure.ports.mqtt);
            assert.equal(names, "DNS:localhost, IP Address:127.0.0.1");
        }
    });

    it("signs for no other host: TLS fails, on every port and in a tunnel", async () => {
        for (const name of foreign) {
            log.length = 0;
            for (const port of [azure.ports.https, azure.ports.mqtt]) {
                await assert.rejects(shown(name, port), /disconnected|ECONNRESET/, name);
            }
            for (const host of ["hub.azure-devices.net:443", "hub.azure-devices.net:8883"]) {
                const socket = await tunnel(host);
                await assert.rejects(shown(name, 0, socket), /disconnected|ECONNRESET/, name);
            }
            assert.equal(log.filter((line) => line.includes("is not a host that the")).length, 4);
        }
        const { hosts } = azure.authority.snapshot();
        assert.deepEqual(
            Object.keys(hosts).filter((name) => foreign.includes(name)),
            [],
        );
    });

    it("drops names from the state file for which it does not sign", async () => {
        const { root, hosts } = azure.authority.snapshot();
        const [key] = Object.values(hosts);
        const kept = { "hub.azure-devices.net": key };
        const again = await Authority.create({ root, hosts: { ...kept, "example.com": key } });
        assert.deepEqual(again.snapshot().hosts, kept);
        await assert.rejects(again.identity("example.com"), /"example.com" is not a host/);
    });

    it("keeps at most the 100 most recently used names", async () => {
        const authority = await Authority.create();
        const first = await authority.identity("hub-0.azure-devices.net");
        for (let index = 1; index <= 100; index++) {
            await authority.identity(`hub-${index}.azure-devices.net`);
            if (index === 80) {
                await authority.identity("hub-0.azure-devices.net");
            }
        }
        const { hosts } = authority.snapshot();
        assert.equal(Object.keys(hosts).length, 100);
        assert.equal(hosts["hub-0.azure-devices.net"].certificate, first.cert);
        assert.ok(!("hub-1.azure-devices.net" in hosts));
    });

    it("a bounded map evicts the least recently used entry", () => {
        const recent = new Recent<string, number>(2, [
            ["a", 1],
            ["b", 2],
            ["c", 3],
        ]);
        assert.deepEqual(recent.list(), [
            ["b", 2],
            ["c", 3],
        ]);
        recent.get("b");
        recent.set("d", 4);
        recent.set("b", 5);
        recent.delete("x");
        assert.deepEqual(recent.list(), [
            ["d", 4],
            ["b", 5],
        ]);
    });

    it("does not emulate hosts with more labels than a hub has", () => {
        foreign.forEach((name) => assert.equal(azureHost(name), undefined, name));
    });
});
