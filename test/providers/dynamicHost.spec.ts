import { strict as assert } from "assert";
import { IotHubClient } from "@azure/arm-iothub";
import { DynamicHost, Props } from "../support/dynamicHost";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { issue, Issued, makeCa } from "../support/pki";

const group = "rg-dynamic-host";
const hub = "iot-dynamic-host";
const verifiedCertificate = "iothub/verifiedCertificate";

describe("CA certificates in Pulumi's provider host", function () {
    this.timeout(120_000);
    let host: DynamicHost;
    let arm: IotHubClient;
    let hubId: string;
    let ca: Issued;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        hubId = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}`;
        ca = await makeCa({ commonName: "Host CA", organisation: "O=Contoso" });
        host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
    });

    after(async () => {
        await host?.stop();
        await dropGroup(arm, group);
    });

    describe("VerifiedCertificate", () => {
        let given: Props;
        let inputs: Props;
        let id: string;
        let state: Props;

        before(() => {
            given = { targetId: hubId, name: "pumps", certificate: ca.certificate, key: ca.key };
        });

        it("check keeps names only", async () => {
            inputs = await host.checked(verifiedCertificate, given);
            assert.deepEqual(Object.keys(inputs).sort(), [
                "__provider",
                "certificateName",
                "hasKey",
                "targetId",
                "thumbprint",
            ]);
            assert.equal(
                inputs.certificateName,
                `pumps-${ca.thumbprint.slice(0, 8).toLowerCase()}`,
            );
            assert.equal(inputs.thumbprint, ca.thumbprint);
        });

        it("create uploads and proves", async () => {
            ({ id, state } = await host.create(inputs));
            const name = String(inputs.certificateName);
            assert.equal(id, `${hubId}/certificates/${name}`);
            assert.deepEqual(state, { ...inputs, isVerified: true, run: state.run });
            const found = await arm.certificates.get(group, hub, name);
            assert.equal(found.properties?.isVerified, true);
            assert.equal(found.properties?.thumbprint, ca.thumbprint);
        });

        it("a repeated create continues what an interrupted run left", async () => {
            assert.deepEqual(await host.create(inputs), { id, state });
            const { value = [] } = await arm.certificates.listByIotHub(group, hub);
            assert.equal(value.length, 1);
        });

        it("an equal certificate is no change; another CA is a replacement", async () => {
            assert.deepEqual(await host.diff(id, state, inputs), { changes: false, replaces: [] });
            const other = await makeCa({ commonName: "Host CA" });
            const news = await host.checked(verifiedCertificate, {
                ...given,
                certificate: other.certificate,
                key: other.key,
            });
            assert.deepEqual(await host.diff(id, state, news), {
                changes: true,
                replaces: ["certificateName", "thumbprint"],
            });
        });

        it("read shows a lost verification, and update proves again", async () => {
            const name = String(inputs.certificateName);
            const { etag } = await arm.certificates.get(group, hub, name);
            await arm.certificates.createOrUpdate(
                group,
                hub,
                name,
                { properties: { certificate: Buffer.from(ca.certificate).toString("base64") } },
                { ifMatch: etag },
            );
            const found = await host.read(id, state);
            assert.deepEqual(found, { ...state, isVerified: false });
            const news = await host.checked(verifiedCertificate, given, inputs);
            assert.deepEqual(await host.diff(id, found ?? {}, news), {
                changes: true,
                replaces: [],
            });
            assert.deepEqual(await host.update(id, found ?? {}, news), state);
        });

        it("check refuses a key that does not match the certificate, and nothing is sent", async () => {
            const other = await makeCa({ commonName: "Other CA" });
            const { failures } = await host.check(verifiedCertificate, {
                ...given,
                key: other.key,
            });
            // The engine would print the value of a property that is named.
            assert.deepEqual(failures, [
                `: the key does not belong to the CA certificate ${ca.thumbprint}`,
            ]);
        });

        it("another certificate under the name is refused", async () => {
            const other = await makeCa({ commonName: "Squatter" });
            const wanted = await makeCa({ commonName: "Wanted" });
            const news = await host.checked(verifiedCertificate, {
                targetId: hubId,
                name: "taken",
                certificate: wanted.certificate,
                key: wanted.key,
            });
            const name = String(news.certificateName);
            await arm.certificates.createOrUpdate(group, hub, name, {
                properties: { certificate: Buffer.from(other.certificate).toString("base64") },
            });
            await assert.rejects(host.create(news), (error: Error) => {
                assert.match(error.message, new RegExp(`"${name}" already exists`));
                assert.ok(error.message.includes(other.thumbprint), error.message);
                assert.ok(error.message.includes(wanted.thumbprint), error.message);
                return true;
            });
            const untouched = await arm.certificates.get(group, hub, name);
            assert.equal(untouched.properties?.thumbprint, other.thumbprint);
            assert.equal(untouched.properties?.isVerified, false);
            await arm.certificates.delete(group, hub, name, untouched.etag ?? "");
        });

        it("deleting the replaced original keeps the replacement at the same address, also in a later run", async () => {
            const next = await DynamicHost.start({});
            try {
                const replaced = await next.create(await next.checked(verifiedCertificate, given));
                assert.equal(replaced.id, id);
                await next.delete(id, state);
                const stays = async () => {
                    const name = String(inputs.certificateName);
                    const { properties } = await arm.certificates.get(group, hub, name);
                    assert.equal(properties?.isVerified, true);
                };
                await stays();
                const later = await DynamicHost.start({});
                try {
                    const news = await later.checked(verifiedCertificate, given, inputs);
                    const { changes } = await later.diff(id, replaced.state, news);
                    assert.equal(changes, false);
                    await later.delete(id, state);
                    await stays();
                } finally {
                    await later.stop();
                }
            } finally {
                await next.stop();
            }
        });

        it("delete removes it, and succeeds if it does not exist", async () => {
            await host.delete(id, state);
            const { value = [] } = await arm.certificates.listByIotHub(group, hub);
            assert.deepEqual(value, []);
            await host.delete(id, state);
            assert.equal(await host.read(id, state), undefined);
        });
    });

    describe("VerifiedCertificate with an offline key", () => {
        let given: Props;
        let id: string;
        let state: Props;

        before(() => {
            given = { targetId: hubId, name: "root", certificate: ca.certificate };
        });

        it("create outputs a code", async () => {
            const inputs = await host.checked(verifiedCertificate, given);
            ({ id, state } = await host.create(inputs));
            assert.equal(state.isVerified, false);
            assert.match(String(state.verificationCode), /^[0-9A-F]{48}$/);
            assert.deepEqual(await host.diff(id, state, inputs), { changes: false, replaces: [] });
        });

        it("refuses a proof for another code, of another signer or expired, and sends nothing", async () => {
            const code = String(state.verificationCode);
            const stranger = await makeCa({ commonName: "Host CA", organisation: "O=Contoso" });
            const yesterday = new Date(Date.now() - 24 * 3600 * 1000);
            const before = new Date(yesterday.getTime() - 3600 * 1000);
            const expired = { commonName: code, notBefore: before, notAfter: yesterday };
            const { etag } = await present();
            for (const [proof, message] of [
                [await issue(ca, { commonName: "A".repeat(48) }), /has CN "A+"; .* sign a proof/],
                [await issue(stranger, { commonName: code }), /not signed by that CA's own key/],
                [await issue(ca, expired), /expired on .*; sign a new one/],
            ] as const) {
                const news = await host.checked(verifiedCertificate, {
                    ...given,
                    proof: proof.certificate,
                });
                const { changes } = await host.diff(id, state, news);
                assert.equal(changes, true);
                await assert.rejects(host.update(id, state, news), message);
            }
            assert.equal((await present()).etag, etag);
        });

        it("a proof for a superseded code leads to a new code", async () => {
            const code = String(state.verificationCode);
            const { etag, name } = await present();
            await arm.certificates.generateVerificationCode(group, hub, name ?? "", etag ?? "");
            const proof = await issue(ca, { commonName: code });
            const news = await host.checked(verifiedCertificate, {
                ...given,
                proof: proof.certificate,
            });
            state = await host.update(id, state, news);
            assert.equal(state.isVerified, false);
            assert.match(String(state.verificationCode), /^[0-9A-F]{48}$/);
            assert.notEqual(state.verificationCode, code);
            assert.deepEqual(await host.diff(id, state, news), { changes: false, replaces: [] });
        });

        it("the right proof verifies, and the code is no longer shown", async () => {
            const proof = await issue(ca, { commonName: String(state.verificationCode) });
            const news = await host.checked(verifiedCertificate, {
                ...given,
                proof: proof.certificate,
            });
            state = await host.update(id, state, news);
            assert.deepEqual(state, { ...news, isVerified: true, run: state.run });
            assert.equal((await present()).properties?.isVerified, true);
            assert.deepEqual(await host.diff(id, state, news), { changes: false, replaces: [] });
            await host.delete(id, state);
        });

        it("read of a manually verified certificate shows no code", async () => {
            const inputs = await host.checked(verifiedCertificate, given);
            const made = await host.create(inputs);
            const proof = await issue(ca, { commonName: String(made.state.verificationCode) });
            const { etag, name } = await present();
            await arm.certificates.verify(group, hub, name ?? "", etag ?? "", {
                certificate: Buffer.from(proof.certificate).toString("base64"),
            });
            const { run } = made.state;
            assert.deepEqual(await host.read(made.id, made.state), {
                ...inputs,
                isVerified: true,
                run,
            });
            await host.delete(made.id, made.state);
        });

        async function present() {
            const name = `root-${ca.thumbprint.slice(0, 8).toLowerCase()}`;
            return arm.certificates.get(group, hub, name);
        }
    });
});
