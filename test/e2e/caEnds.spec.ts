import * as assert from "assert";
import { X509Certificate } from "crypto";
import * as path from "path";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { connects, refusal } from "../support/liveDevice";

const day = 24 * 3600;
const life = 100;

function publicKeyOf(pem: string): string {
    const { publicKey } = new X509Certificate(pem);
    return publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** CAs that live for 100 days, and leaves for 10, in a protected stack. */
describe("CAs that are about to expire", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let deployment: Deployment;
    let first: StackOutputs;

    before(async function () {
        deployment = await Deployment.make(this, "ca-ends", {
            protect: true,
            pki: { keyAlgorithm: "ECDSA-P256", root: { validityDays: life } },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256", validityDays: 10, renewBeforeDays: 3 } },
            devices: [{ id: "pump-01", group: "pumps" }],
        });
        await deployment.up();
        first = await deployment.outputs();
    });

    after(async () => {
        await manage("PUT", "/clock", { offsetSeconds: 0 });
        await deployment?.remove();
    });

    /** Everybody's clock: of the engine's programs, and of Azure. */
    async function setClock(days: number): Promise<void> {
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        deployment.variables.NODE_OPTIONS = `${process.env.NODE_OPTIONS} --require "${clock}"`;
        deployment.variables.LATER_CLOCK_SECONDS = String(days * day);
        await manage("PUT", "/clock", { offsetSeconds: days * day });
    }

    it("are announced in time, with dependents and remedy", async () => {
        await setClock(75);
        const { stdout } = await deployment.stack.preview({ color: "never" });
        assert.match(
            stdout,
            /The root CA "root" expires on \S+, in 24 days\. Create a new one with/,
        );
        assert.match(
            stdout,
            /The intermediate CA "pumps-g1" expires on \S+, in 24 days; .*group pumps.*intermediate\.generation 2;/,
        );
    });

    it("are signed again for the same key, protected or not, and their devices connect", async () => {
        await setClock(life + 2);
        assert.equal(await refusal(first.devices["pump-01"]), "leafExpired");
        await deployment.up();
        assert.deepEqual(await deployment.plan(), []);
        const now = await deployment.outputs();
        await connects(now.devices["pump-01"]);
        const [, caBefore] = first.devices["pump-01"].chain.split(/(?=-----BEGIN)/);
        const [, ca] = now.devices["pump-01"].chain.split(/(?=-----BEGIN)/);
        assert.notEqual(ca, caBefore);
        assert.equal(publicKeyOf(ca), publicKeyOf(caBefore));
        const authorities = await deployment.authorities();
        assert.deepEqual(
            authorities.map(({ isVerified }) => isVerified),
            [true],
        );
    });
});
