import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { FleetCommand } from "../support/fleetCommand";
import { HeldDevice, heldDevices } from "../support/fleetStates";
import { connects } from "../support/liveDevice";

const hubName = "iot-fleet-preview";

/** What a change of the hub's stack means for the devices, which are in others. */
describe("npm run fleet -- preview announces what up does", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "ahead", {
            hub: { name: hubName },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256" },
                valves: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: Array.from({ length: 6 }, (_, index) => ({
                id: `device-${index}`,
                group: index % 3 === 0 ? "valves" : "pumps",
            })),
            outputDevices: [],
        });
        await FleetCommand.run(deployment, "up", "--shards", "2");
    });

    after(() => deployment?.remove());

    /** The numbers of the summary's last line, e.g. `4 updated`, by word. */
    function numbers(text: string): Record<string, number> {
        const [, all = ""] = /^ +total +(.*)$/m.exec(text) ?? [];
        const found = all.split(", ").map((part) => /^(\d+) (?:to )?(\w+)$/.exec(part) ?? []);
        const words: Record<string, string> = {
            create: "created",
            update: "updated",
            replace: "replaced",
            delete: "deleted",
        };
        return Object.fromEntries(
            found.map(([, count, word]) => [words[word] ?? word, Number(count)]),
        );
    }

    async function announced(): Promise<Record<string, number>> {
        const before = numbers(await FleetCommand.run(deployment, "preview"));
        assert.deepEqual(numbers(await FleetCommand.run(deployment, "up")), before);
        assert.deepEqual(
            Object.keys(numbers(await FleetCommand.run(deployment, "preview"))),
            ["unchanged"],
            "a second preview",
        );
        return before;
    }

    async function connect(devices: ReadonlyMap<string, HeldDevice>): Promise<void> {
        for (const [id, { chain, privateKey }] of devices) {
            const host = `${hubName}.azure-devices.net`;
            const connectionString = `HostName=${host};DeviceId=${id};x509=true`;
            await connects({ connectionString, chain, privateKey });
        }
    }

    it("a rotation, with and without retain: each certificate of the groups", async () => {
        const former = heldDevices(deployment);
        deployment.change(({ groups }) => {
            groups.pumps.intermediate = { generation: 2, retain: [1] };
            groups.valves.intermediate = { generation: 2 };
        });
        const { updated } = await announced();
        const present = heldDevices(deployment);
        const renewed = [...present].filter(([id, { chain }]) => chain !== former.get(id)?.chain);
        assert.equal(renewed.length, former.size);
        assert.ok(updated >= renewed.length, String(updated));
        await connect(new Map([...former].filter(([id]) => id === "device-1")));
        await connect(present);
    });

    it("a hub that is replaced by one with the same ID: each identity", async () => {
        const former = heldDevices(deployment);
        deployment.change((settings) => Object.assign(settings, { location: "northeurope" }));
        const { replaced } = await announced();
        assert.ok(replaced > former.size, String(replaced));
        await connect(former);
    });
});
