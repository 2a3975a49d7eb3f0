import * as assert from "assert";
import { X509Certificate } from "crypto";
import { Deployment, HubCa, StackOutputs } from "../support/deployment";
import { certificatesOf, verifyClientChain } from "../support/deviceFiles";
import { shared } from "../support/emulator";
import { connectDevice, connects, liveConnection, refusal } from "../support/liveDevice";

interface Traffic {
    readonly requests: readonly { method: string; path: string; outcome: number }[];
}

/** The CA of one group is replaced while the devices of the other stay connected. */
describe("CA rotation of one group", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let deployment: Deployment;
    let first: StackOutputs;
    let rotated: StackOutputs;
    let firstAuthorities: HubCa[];

    before(async function () {
        deployment = await Deployment.make(this, "rotation", {
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                sensors: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                { id: "pump-01", group: "pumps" },
                { id: "pump-02", group: "pumps" },
                { id: "sensor-01", group: "sensors" },
                { id: "sensor-02", group: "sensors" },
            ],
        });
        await deployment.up();
        first = await deployment.outputs();
        firstAuthorities = await deployment.authorities();
    });

    after(() => deployment?.remove());

    /** Keeps a device online, by its credentials in `outputs`, from before a run to its end. */
    async function whileConnected(
        deviceId: string,
        { devices }: StackOutputs,
        run: () => Promise<void>,
    ): Promise<void> {
        const device = await connectDevice(devices[deviceId]);
        try {
            const before = await liveConnection(first.hub.name, deviceId);
            assert.ok(before);
            await manage("DELETE", "/requests");
            await run();
            const now = await liveConnection(first.hub.name, deviceId);
            assert.deepEqual(now, before, `${deviceId} lost its connection`);
        } finally {
            await device.close();
        }
    }

    /** The changes of CA certificates that reached ARM, in their order: `PUT pumps-g2-…`. */
    async function changesOfCas(): Promise<string[]> {
        const { requests } = await manage<Traffic>("GET", "/requests");
        return requests
            .filter(({ method, outcome }) => method !== "GET" && outcome < 300)
            .map(({ method, path }) => [method, /\/certificates\/([^?]+)/.exec(path)?.[1]])
            .filter(([, name]) => name !== undefined)
            .map((parts) => parts.join(" "));
    }

    const issuerOf = ({ chain }: { chain: string }): string =>
        new X509Certificate(certificatesOf(chain)[1]).fingerprint.split(":").join("");

    describe("generation 2, generation 1 retained", () => {
        it("is previewed with the devices of that group only", async () => {
            deployment.change(({ groups }) => {
                groups.pumps.intermediate = { generation: 2, retain: [1] };
            });
            assert.deepEqual(await deployment.plan(), [
                "create CertRequest pumps-g2-request",
                "create CertificateAuthority pumps-g2",
                "create LocallySignedCert pumps-g2-certificate",
                "create PrivateKey pumps-g2-key",
                "create VerifiedCertificate pumps-g2",
                "update DeviceCertificate pump-01",
                "update DeviceCertificate pump-02",
                "update Issuer pumps",
            ]);
        });

        it("adds a CA without changing another, or a live connection of the other group", async () => {
            await whileConnected("sensor-01", first, async () => {
                await deployment.up();
            });
            rotated = await deployment.outputs();
            const { certificateName } = rotated.trusted["pumps-g2"];
            assert.deepEqual(await changesOfCas(), [
                `PUT ${certificateName}`,
                `POST ${certificateName}/generateVerificationCode`,
                `POST ${certificateName}/verify`,
            ]);
            const authorities = await deployment.authorities();
            assert.equal(authorities.length, 3);
            assert.ok(authorities.every((one) => one.isVerified));
            for (const old of firstAuthorities) {
                const now = authorities.find((one) => one.name === old.name);
                assert.deepEqual(now, old, "ETag and content of the CAs that were there");
            }
        });

        it("gives new certificates only to that group's devices, for their current keys", async () => {
            const root = await deployment.rootCertificate();
            for (const id of ["pump-01", "pump-02"]) {
                const [old, now] = [first.devices[id], rotated.devices[id]];
                assert.notEqual(now.certificate, old.certificate);
                assert.equal(now.privateKey, old.privateKey);
                assert.notEqual(issuerOf(now), issuerOf(old));
                verifyClientChain(root, now.chain);
            }
            for (const id of ["sensor-01", "sensor-02"]) {
                assert.deepEqual(rotated.devices[id], first.devices[id]);
            }
        });

        it("accepts devices with new and with former certificates", async () => {
            await connects(rotated.devices["pump-01"]);
            await connects(first.devices["pump-01"]);
            await connects(first.devices["sensor-01"]);
        });
    });

    describe("nothing retained, and a shorter validity of the other group's CA", () => {
        before(async () => {
            deployment.change(({ groups }) => {
                groups.pumps.intermediate = { generation: 2, retain: [] };
                groups.sensors.intermediate = { validityDays: 700 };
            });
        });

        it("removes the old CAs after the new one is proven", async () => {
            await whileConnected("pump-02", rotated, async () => {
                await deployment.up();
            });
            const { trusted } = await deployment.outputs();
            const changes = await changesOfCas();
            const added = trusted["sensors-g1"].certificateName;
            assert.deepEqual(changes.slice(0, 3), [
                `PUT ${added}`,
                `POST ${added}/generateVerificationCode`,
                `POST ${added}/verify`,
            ]);
            assert.deepEqual(
                changes.slice(3).sort(),
                ["pumps-g1", "sensors-g1"].map((name) => {
                    const { certificateName } = first.trusted[name];
                    return `DELETE ${certificateName}`;
                }),
            );
            const authorities = await deployment.authorities();
            assert.deepEqual(
                authorities.map((one) => [one.name, one.isVerified]).sort(),
                [
                    [trusted["pumps-g2"].certificateName, true],
                    [added, true],
                ].sort(),
            );
            const uploaded = authorities.find((one) => one.name === added);
            const { validTo } = new X509Certificate(
                Buffer.from(uploaded?.certificate ?? "", "base64").toString(),
            );
            assert.equal(Math.round((Date.parse(validTo) - Date.now()) / 86_400_000), 700);
        });

        it("refuses certificates of the removed CAs and accepts the current ones", async () => {
            const { devices } = await deployment.outputs();
            assert.deepEqual(devices["pump-01"], rotated.devices["pump-01"]);
            assert.equal(await refusal(first.devices["pump-01"]), "issuerNotUploaded");
            await connects(devices["pump-01"]);
            assert.notEqual(issuerOf(devices["sensor-01"]), issuerOf(first.devices["sensor-01"]));
            await connects(devices["sensor-01"]);
            verifyClientChain(await deployment.rootCertificate(), devices["sensor-01"].chain);
        });
    });
});
