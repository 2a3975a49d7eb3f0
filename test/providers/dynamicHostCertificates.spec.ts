import { strict as assert } from "assert";
import { loader } from "../../components/dynamic/resource";
import { DynamicHost, Props } from "../support/dynamicHost";
import { shared } from "../support/emulator";
import { issue, Issued, makeCa } from "../support/pki";

const deviceCertificate = "pki/deviceCertificate";

describe("devices in Pulumi's provider host", function () {
    this.timeout(120_000);
    shared();
    let host: DynamicHost;
    let ca: Issued;

    before(async () => {
        ca = await makeCa({ commonName: "Host CA", organisation: "O=Contoso" });
        host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
    });

    after(() => host?.stop());

    describe("DeviceCertificate", () => {
        const given: Props = {
            deviceId: "host-02",
            organization: "Contoso",
            country: "US",
            validityDays: 20,
            renewBeforeDays: 5,
            keyAlgorithm: "ECDSA-P256",
            keyGeneration: 1,
        };
        let issuer: unknown;
        let inputs: Props;
        let state: Props;

        const checked = (request: Props) => host.checked(deviceCertificate, { issuer, request });

        before(async () => {
            const signer = { certificate: ca.certificate, key: ca.key };
            issuer = "a-digest";
            const inputs = await host.checked("pki/issuer", { digest: issuer, signer });
            const made = await host.create(inputs);
            assert.ok(!JSON.stringify(made.state).includes(bodyOf(ca.key)));
        });

        it("check keeps the issuer's digest and nothing else of it", async () => {
            inputs = await checked(given);
            const { __provider, ...kept } = inputs;
            assert.equal(__provider, loader(deviceCertificate));
            assert.deepEqual(kept, { ...given, issuer });
        });

        it("create makes key and certificate; equal inputs are no change", async () => {
            const made = await host.create(inputs);
            assert.equal(made.id, "host-02");
            state = made.state;
            assert.match(String(state.privateKey), /^-----BEGIN PRIVATE KEY-----/);
            assert.ok(!JSON.stringify(state).includes(bodyOf(ca.key)));
            assert.deepEqual(await host.diff("host-02", state, inputs), {
                changes: false,
                replaces: [],
            });
        });

        it("update keeps the key, unless its generation is raised", async () => {
            const longer = await checked({ ...given, validityDays: 25 });
            const same = await host.update("host-02", state, longer);
            assert.equal(same.privateKey, state.privateKey);
            assert.notEqual(same.certificate, state.certificate);
            const raised = await checked({ ...given, keyGeneration: 2 });
            const other = await host.update("host-02", state, raised);
            assert.notEqual(other.privateKey, state.privateKey);
        });

        it("diff in the renewal window works without a check before, as in a refresh", async () => {
            const fresh = await DynamicHost.start();
            try {
                const { certificate } = await issue(ca, {
                    commonName: "host-02",
                    notAfter: new Date(Date.now() + 24 * 3600 * 1000),
                });
                const due = { ...state, certificate };
                assert.equal((await host.diff("host-02", due, inputs)).changes, true);
                assert.equal((await fresh.diff("host-02", due, inputs)).changes, false);
            } finally {
                await fresh.stop();
            }
        });

        it("read and delete make no calls", async () => {
            assert.deepEqual(await host.read("host-02", state), state);
            await host.delete("host-02", state);
        });
    });
});

/** The base64 of a PEM block on one line, as JSON would not show it broken. */
function bodyOf(pem: string): string {
    return pem.split("\n")[1];
}
