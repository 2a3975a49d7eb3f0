import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { register } from "../../sample-device/registration";
import { Deployment, DeviceOutput, StackOutputs } from "../support/deployment";
import { connects } from "../support/liveDevice";

type Outputs = StackOutputs & {
    readonly provisioning: { readonly idScope: string; readonly serviceHostName: string };
};

/**
 * What a running stack goes through, with the real engine: each change is previewed as it is made, is done in one run, and
 * leaves nothing to do, neither for a second preview nor for a refresh.
 */
describe("changes of a running stack", function () {
    this.timeout(900_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "changes", {
            hub: { name: "iot-changes" },
            dps: { prefix: "dps-changes" },
            groups: {
                pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "both" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
                taps: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
            },
            devices: [
                { id: "pump-1", group: "pumps", tags: { site: "Oslo" } },
                { id: "meter-1", group: "meters" },
                { id: "tap-1", group: "taps" },
                { id: "solo-1", group: "meters", enrollment: "individual" },
            ],
        });
        await deployment.up();
    });

    after(() => deployment?.remove());

    const outputs = async () => (await deployment.outputs()) as Outputs;

    async function registers(id: string, { chain, privateKey }: DeviceOutput): Promise<string> {
        const { idScope } = (await outputs()).provisioning;
        return register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    async function urns(ends: readonly string[]): Promise<string[]> {
        const { deployment: state } = await deployment.stack.exportStack();
        const { resources } = state as { resources: { urn: string }[] };
        return ends.map((end) => {
            const found = resources.find(({ urn }) => urn.endsWith(`:${end}`));
            assert.ok(found, `no ${end}`);
            return found.urn;
        });
    }

    /** Neither a preview nor a refresh finds anything. */
    async function leavesNothing(): Promise<void> {
        const { changeSummary } = await deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
    }

    async function expectAllInPlace(): Promise<void> {
        const { devices, provisioning } = await outputs();
        await connects(devices["pump-1"]);
        for (const id of ["pump-1", "meter-1", "tap-1", "solo-1"]) {
            await registers(id, devices[id]);
        }
        const service = ProvisioningServiceClient.fromTokenCredential(
            provisioning.serviceHostName,
            new EnvironmentCredential(),
        );
        const { responseBody: pumps } = await service.getEnrollmentGroup("pumps");
        assert.equal(pumps.provisioningStatus, "enabled");
        const authorities = await deployment.authorities();
        assert.deepEqual(
            authorities.map(({ isVerified }) => isVerified),
            [true],
        );
    }

    it("after a re-issue an individually enrolled device registers with its former certificate, too", async () => {
        const former = (await outputs()).devices["solo-1"];
        deployment.change(({ groups }) => Object.assign(groups.meters, { validityDays: 100 }));
        assert.deepEqual(await deployment.plan(), [
            "update DeviceCertificate meter-1",
            "update DeviceCertificate solo-1",
            // A registration notes which certificates are its device's own.
            "update DeviceRegistration meter-1",
            "update DeviceRegistration solo-1",
            "update IndividualEnrollment solo-1",
        ]);
        // Outputs that stay are not announced: a re-issue keeps the key, and no CA is proven again.
        const { stdout } = await deployment.stack.preview({ color: "never", diff: true });
        assert.match(stdout, / certificate *: .*=> \[unknown\]/);
        assert.doesNotMatch(stdout, /(?:privateKey|verificationCode) *: .*unknown/);
        await deployment.up();
        await leavesNothing();
        const present = (await outputs()).devices["solo-1"];
        assert.notEqual(present.certificate, former.certificate);
        await registers("solo-1", former);
        await registers("solo-1", present);
        deployment.changeDevice("solo-1", { keyGeneration: 2 });
        await deployment.up();
        await leavesNothing();
        await assert.rejects(registers("solo-1", present));
        await registers("solo-1", (await outputs()).devices["solo-1"]);
        await leavesNothing();
    });

    it("a requested replacement leaves each resource in place", async () => {
        const replace = await urns([
            "DeviceIdentity::pump-1",
            "VerifiedCertificate::pumps-g1",
            "VerifiedCertificate::pumps-g1-dps",
            "EnrollmentGroup::pumps",
            "IndividualEnrollment::solo-1",
            "DeviceCertificate::pump-1",
            "Issuer::pumps",
            "RoleAssignment::iot-deployer-role",
        ]);
        await deployment.stack.up({ replace });
        await leavesNothing();
        await expectAllInPlace();
    });

    it("moving a hub with a fixed name keeps its devices, CAs and service", async () => {
        deployment.change((settings) => Object.assign(settings, { location: "northeurope" }));
        const replaced = (await deployment.plan()).filter((step) => step.startsWith("replace "));
        for (const one of [
            "DeviceIdentity pump-1",
            "EnrollmentGroup pumps",
            "IndividualEnrollment solo-1",
            "IotHubResource iot-hub",
            "VerifiedCertificate pumps-g1",
            "VerifiedCertificate pumps-g1-dps",
        ]) {
            assert.ok(replaced.includes(`replace ${one}`), `${one} is not replaced`);
        }
        await deployment.up();
        await leavesNothing();
        await expectAllInPlace();
        assert.equal((await deployment.twin("pump-1")).tags.site, "Oslo");
    });

    it("registered devices are adopted when their group becomes listed, and still connect", async () => {
        deployment.change(({ groups }) => {
            groups.meters.provisioning = "both";
            groups.taps.provisioning = "listed";
        });
        const { devices } = await outputs();
        for (const id of ["meter-1", "solo-1", "tap-1"]) {
            await registers(id, devices[id]);
        }
        const { stdout, changeSummary } = await deployment.stack.preview({ color: "never" });
        for (const id of ["meter-1", "solo-1", "tap-1"]) {
            assert.match(stdout, new RegExp(`device "${id}" registered .* is adopted`));
        }
        assert.ok(!stdout.includes('device "pump-1"'));
        assert.equal(changeSummary.create, 5);
        await deployment.up();
        await leavesNothing();
        const registry = await deployment.registry();
        for (const [id, type] of [
            ["meter-1", "selfSigned"],
            ["solo-1", "selfSigned"],
            ["tap-1", "certificateAuthority"],
        ]) {
            const { responseBody: device } = await registry.get(id);
            assert.equal((device.authentication as unknown as { type: string }).type, type);
            await connects(devices[id]);
        }
    });

    it("targeting a certificate without its CA already fails in the preview", async () => {
        deployment.change(({ groups }) => Object.assign(groups.pumps, { validityDays: 90 }));
        const [target, issuer] = await urns(["DeviceCertificate::pump-1", "Issuer::pumps"]);
        await assert.rejects(
            deployment.stack.preview({ target: [target] }),
            /add --target '\*\*pki:Issuer::\*'/,
        );
        await deployment.stack.up({ target: [target, issuer] });
        await deployment.up();
        await leavesNothing();
    });

    it("a protected stack is not even partly destroyed; an unprotected one is destroyed completely", async () => {
        deployment.change((settings) => Object.assign(settings, { protect: true }));
        await deployment.up();
        await assert.rejects(
            deployment.stack.destroy(),
            /is protected by iot-x509:protect; nothing was deleted/,
        );
        await leavesNothing();
        // It came through the provisioning service, where it registers with the certificate that it was given since.
        const pump = (await outputs()).devices["pump-1"];
        await registers("pump-1", pump);
        await connects(pump);
        deployment.change(({ devices }) => devices.splice(0, 1));
        await deployment.up();
        await leavesNothing();
        deployment.change((settings) => Object.assign(settings, { protect: false }));
        await deployment.up();
        await deployment.stack.destroy();
    });
});
