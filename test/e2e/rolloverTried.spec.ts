import * as assert from "assert";
import { Deployment, StackSettings } from "../support/deployment";
import { heldDevices } from "../support/fleetStates";
import { connects, DeviceCredentials } from "../support/liveDevice";

const keyAlgorithm = "ECDSA-P256";

/** What the gate says of a change, against what the hub then does to devices that fetch no other certificate. */
describe("the gate before a CA goes names exactly whom the hub refuses then", function () {
    this.timeout(900_000);
    let deployment: Deployment;
    let held: ReadonlyMap<string, DeviceCredentials>;

    afterEach(() => deployment?.remove());

    async function begin(context: Mocha.Context, name: string, pki: object): Promise<void> {
        deployment = await Deployment.make(context, name, {
            pki: { keyAlgorithm, ...pki },
            groups: { taps: { keyAlgorithm }, mills: { keyAlgorithm } },
            devices: [
                { id: "tap-1", group: "taps" },
                { id: "tap-2", group: "taps" },
                { id: "mill-1", group: "mills" },
            ],
            rollover: {},
            maxCutOff: "unlimited",
        });
        await deployment.up();
        const { hostName } = (await deployment.outputs()).hub;
        held = new Map(
            [...heldDevices(deployment)].map(([id, { chain, privateKey }]) => [
                id,
                {
                    connectionString: `HostName=${hostName};DeviceId=${id};x509=true`,
                    chain,
                    privateKey,
                },
            ]),
        );
        assert.deepEqual(await refused(), []);
    }

    /** Devices that the hub does not let in. */
    async function refused(): Promise<string[]> {
        const out: string[] = [];
        for (const [id, credentials] of held) {
            await connects(credentials).catch(({ name }: Error) => {
                assert.equal(name, "UnauthorizedError");
                out.push(id);
            });
        }
        return out.sort();
    }

    const namesIn = (text: string): string[] =>
        [...text.matchAll(/([\w-]+): (?:unknown|not moved),/g)].map(([, id]) => id).sort();

    const failureOf = (run: Promise<string>): Promise<string> =>
        run.then(
            () => "",
            ({ message }: Error) => message,
        );

    /** Preview, as text and as JSON, and `up` name them; accepted, `up` does it, and the hub refuses them and nobody else. */
    async function assertExact(expected: readonly string[]): Promise<void> {
        const runs = [
            ["preview"],
            ["preview", "--json"],
            ...(expected.length > 0 ? [["up", "--yes"]] : []),
        ];
        for (const args of runs) {
            const message = await failureOf(deployment.pulumi(...args));
            assert.deepEqual([...new Set(namesIn(message))], expected, message);
        }
        assert.deepEqual(await refused(), []);
        deployment.change((all) => Object.assign(all, { rollover: { accept: [...expected] } }));
        await deployment.up();
        assert.deepEqual(await refused(), expected);
    }

    const goTo = (group: string, ...ids: string[]) =>
        deployment.change(({ devices }) =>
            devices
                .filter(({ id }) => ids.includes(String(id)))
                .forEach((one) => Object.assign(one, { group })),
        );

    const change = (edit: (all: StackSettings) => void) => deployment.change(edit);

    it("when a group goes and its devices move to another one", async function () {
        await begin(this, "group-goes", {});
        change(({ groups }) => delete groups.taps);
        goTo("mills", "tap-1", "tap-2");
        await assertExact(["tap-1", "tap-2"]);
    });

    it("nobody, when that happens below a trusted root", async function () {
        await begin(this, "below-root", { trust: "root" });
        change(({ groups }) => delete groups.taps);
        goTo("mills", "tap-1", "tap-2");
        await assertExact([]);
    });

    it("when a device moves in the same run", async function () {
        await begin(this, "moves", {});
        change(({ groups }) => void (groups.taps.intermediate = { generation: 2 }));
        goTo("mills", "tap-1");
        await assertExact(["tap-1", "tap-2"]);
    });

    it("when a device moved in an earlier run", async function () {
        await begin(this, "moved", {});
        goTo("mills", "tap-1");
        await deployment.up();
        change(({ groups }) => void (groups.mills.intermediate = { generation: 2, retain: [1] }));
        await deployment.up();
        change(({ groups }) => void (groups.taps.intermediate = { generation: 2 }));
        await assertExact(["tap-1", "tap-2"]);
    });
});
