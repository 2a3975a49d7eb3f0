import { strict as assert } from "assert";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { DynamicHost, Props } from "../support/dynamicHost";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeGroup } from "../support/iotHubClient";
import { issue, Issued, makeCa, selfSigned } from "../support/pki";

const group = "rg-dynamic-host-enrollments";
const dps = "dps-dynamic-host";
const hostName = `${dps}.azure-devices-provisioning.net`;
const enrollment = "dps/enrollment";

describe("enrollments in Pulumi's provider host", function () {
    this.timeout(120_000);
    const { manage } = shared();
    let host: DynamicHost;
    let arm: IotHubClient;
    let service: ProvisioningServiceClient;
    let serviceId: string;
    let ca: Issued;

    before(async () => {
        arm = iotHubClient();
        await makeGroup(arm, group);
        const credential = new EnvironmentCredential();
        const client = new IotDpsClient(credential, arm.subscriptionId);
        await client.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
            location: "westeurope",
            sku: { name: "S1", capacity: 1 },
            properties: {},
        });
        ca = await makeCa({ commonName: "Enrollment CA" });
        for (const name of ["first", "second"]) {
            const one = name === "first" ? ca : await makeCa({ commonName: "Second CA" });
            await client.dpsCertificate.createOrUpdate(group, dps, name, {
                properties: { certificate: Buffer.from(one.certificate), isVerified: true },
            });
        }
        serviceId = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/provisioningServices/${dps}`;
        service = ProvisioningServiceClient.fromTokenCredential(hostName, credential);
        host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
    });

    after(async () => {
        await manage("DELETE", "/faults");
        await host?.stop();
        await dropGroup(arm, group);
    });

    afterEach(() => manage("DELETE", "/faults"));

    const policy = {
        provisioningStatus: "enabled",
        iotEdge: false,
        updateHubAssignment: true,
        migrateDeviceData: true,
    };

    function groupInputs(changes: Props = {}): Props {
        return {
            ...policy,
            serviceId,
            hostName,
            kind: "group",
            enrollmentId: "pumps",
            caReferences: ["first"],
            initialTwin: { tags: { site: "lab" }, desired: { interval: 5 } },
            ...changes,
        };
    }

    describe("EnrollmentGroup", () => {
        let id: string;
        let state: Props;

        it("create makes it, with its CA, policy and initial twin", async () => {
            ({ id, state } = await host.create(await host.checked(enrollment, groupInputs())));
            const { responseBody: made } = await service.getEnrollmentGroup("pumps");
            assert.equal(made.provisioningStatus, "enabled");
            assert.deepEqual(
                (made.attestation as unknown as { x509: { caReferences: object } }).x509
                    .caReferences,
                { primary: "first" },
            );
            assert.deepEqual(made.initialTwin?.tags, { site: "lab" });
        });

        it("a repeated create adopts it, as after an interrupted run", async () => {
            const again = await host.create(await host.checked(enrollment, groupInputs()));
            assert.deepEqual(again, { id, state });
        });

        it("another host name, unknown in the preview of any change of the service, is no change", async () => {
            const news = await host.checked(
                enrollment,
                groupInputs({ hostName: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }),
            );
            assert.deepEqual(await host.diff(id, state, news), { changes: false, replaces: [] });
        });

        it("create refuses an enrollment of that name with another CA, and changes nothing", async () => {
            const { responseBody: before } = await service.getEnrollmentGroup("pumps");
            const other = await host.checked(enrollment, groupInputs({ caReferences: ["second"] }));
            await assert.rejects(host.create(other), /exists on .* with another attestation/);
            const { responseBody: after } = await service.getEnrollmentGroup("pumps");
            assert.equal(after.etag, before.etag);
        });

        it("diff is empty for equal inputs, and shows every change", async () => {
            const differs = async (changes: Props) =>
                host.diff(id, state, await host.checked(enrollment, groupInputs(changes)));
            assert.deepEqual(await differs({}), { changes: false, replaces: [] });
            for (const changes of [
                { iotEdge: true },
                { updateHubAssignment: false },
                { migrateDeviceData: false },
                { allocationPolicy: "static" },
                { provisioningStatus: "disabled" },
                { caReferences: ["first", "second"] },
                { initialTwin: { tags: { site: "field" }, desired: { interval: 5 } } },
            ]) {
                assert.deepEqual(await differs(changes), { changes: true, replaces: [] });
            }
            assert.deepEqual(await differs({ enrollmentId: "meters" }), {
                changes: true,
                replaces: ["enrollmentId"],
            });
        });

        it("update adds a second CA, also after a stale ETag", async () => {
            await manage("POST", "/faults", {
                host: hostName,
                method: "PUT",
                status: 412,
                count: 1,
            });
            const inputs = await host.checked(
                enrollment,
                groupInputs({ caReferences: ["first", "second"] }),
            );
            state = await host.update(id, state, inputs);
            const [fault] = await manage<{ hits: number }[]>("GET", "/faults");
            assert.equal(fault.hits, 1);
            const { responseBody: made } = await service.getEnrollmentGroup("pumps");
            assert.deepEqual(
                (made.attestation as unknown as { x509: { caReferences: object } }).x509
                    .caReferences,
                { primary: "first", secondary: "second" },
            );
        });

        it("read finds it unchanged, and shows manual changes", async () => {
            assert.deepEqual(await host.read(id, state), state);
            const { responseBody: made } = await service.getEnrollmentGroup("pumps");
            await service.createOrUpdateEnrollmentGroup({
                ...made,
                provisioningStatus: "disabled",
            });
            assert.equal((await host.read(id, state))?.provisioningStatus, "disabled");
        });

        it("converges when the connection breaks after the effect", async () => {
            await manage("POST", "/faults", {
                host: hostName,
                method: "PUT",
                drop: true,
                when: "after",
                count: 1,
            });
            state = await host.update(id, state, await host.checked(enrollment, groupInputs()));
            const { responseBody: made } = await service.getEnrollmentGroup("pumps");
            assert.equal(made.provisioningStatus, "enabled");
        });

        it("delete removes it, and succeeds if it does not exist", async () => {
            await host.delete(id, state);
            await assert.rejects(service.getEnrollmentGroup("pumps"));
            await host.delete(id, state);
            assert.equal(await host.read(id, state), undefined);
        });
    });

    describe("IndividualEnrollment", () => {
        let leaf: Issued;
        let id: string;
        let state: Props;

        function inputs(certificate: Issued, changes: Props = {}): Props {
            return {
                ...policy,
                serviceId,
                hostName,
                kind: "individual",
                enrollmentId: "meter-1",
                clientCertificates: [certificate.certificate],
                ...changes,
            };
        }

        before(async () => {
            leaf = await issue(ca, { commonName: "meter-1" });
        });

        it("check keeps the certificate's thumbprint and not the certificate", async () => {
            const checked = await host.checked(enrollment, inputs(leaf));
            assert.deepEqual(checked.trusted, [leaf.thumbprint256]);
            assert.ok(!JSON.stringify(checked).includes("BEGIN CERTIFICATE"));
        });

        it("create, read, update with a renewed certificate, delete", async () => {
            ({ id, state } = await host.create(await host.checked(enrollment, inputs(leaf))));
            assert.deepEqual(await host.read(id, state), state);
            const renewed = await issue(ca, { commonName: "meter-1" });
            const news = await host.checked(enrollment, inputs(renewed));
            assert.deepEqual(await host.diff(id, state, news), { changes: true, replaces: [] });
            state = await host.update(id, state, news);
            const { responseBody: made } = await service.getIndividualEnrollment("meter-1");
            const { x509 } = made.attestation as unknown as {
                x509: { clientCertificates: { primary: { info: { sha256Thumbprint: string } } } };
            };
            assert.equal(
                x509.clientCertificates.primary.info.sha256Thumbprint.toUpperCase(),
                renewed.thumbprint256,
            );
            await host.delete(id, state);
            assert.equal(await host.read(id, state), undefined);
        });

        it("the former certificate stays as secondary, until the key or the status revokes it", async () => {
            const thumbprints = async () => {
                const { responseBody: made } = await service.getIndividualEnrollment("meter-1");
                const { clientCertificates: both } = (
                    made.attestation as unknown as {
                        x509: {
                            clientCertificates: Record<
                                "primary" | "secondary",
                                { info?: { sha256Thumbprint: string } } | null
                            >;
                        };
                    }
                ).x509;
                return [both.primary, both.secondary].flatMap((one) =>
                    one?.info ? [one.info.sha256Thumbprint.toUpperCase()] : [],
                );
            };
            const change = async (certificate: Issued, changes: Props = {}) => {
                const news = await host.checked(enrollment, inputs(certificate, changes));
                assert.equal((await host.diff(id, state, news)).changes, true);
                state = await host.update(id, state, news);
                assert.deepEqual(await host.read(id, state), state);
                assert.equal((await host.diff(id, state, news)).changes, false);
                return thumbprints();
            };
            const { keys } = leaf;
            const again = async () => issue(ca, { commonName: "meter-1", keys });
            const [second, third, fourth] = [await again(), await again(), await again()];
            const otherKey = await issue(ca, { commonName: "meter-1" });
            ({ id, state } = await host.create(await host.checked(enrollment, inputs(leaf))));

            assert.deepEqual(await change(second), [second.thumbprint256, leaf.thumbprint256]);
            assert.deepEqual(await change(second, { iotEdge: true }), [
                second.thumbprint256,
                leaf.thumbprint256,
            ]);
            assert.deepEqual(await change(third), [third.thumbprint256, second.thumbprint256]);
            assert.deepEqual(await change(otherKey), [otherKey.thumbprint256]);
            await change(third);
            assert.deepEqual(await change(fourth), [fourth.thumbprint256, third.thumbprint256]);
            const disabled = { provisioningStatus: "disabled" };
            assert.deepEqual(await change(fourth, disabled), [fourth.thumbprint256]);
            assert.deepEqual(await change(fourth), [fourth.thumbprint256]);
            await host.delete(id, state);
        });

        describe("an enrollment that already exists before its creation", () => {
            const thumbprintOnService = async () => {
                const { responseBody: made } = await service.getIndividualEnrollment("meter-1");
                const { x509 } = made.attestation as unknown as {
                    x509: {
                        clientCertificates: { primary: { info: { sha256Thumbprint: string } } };
                    };
                };
                return x509.clientCertificates.primary.info.sha256Thumbprint.toUpperCase();
            };
            /** What a run leaves that is killed before it writes its state. */
            const leave = async (...certificates: readonly Issued[]) => {
                const clientCertificates = certificates.map(({ certificate }) => certificate);
                await host.create(
                    await host.checked(enrollment, inputs(leaf, { clientCertificates })),
                );
            };
            const create = async (certificate: Issued) =>
                host.create(await host.checked(enrollment, inputs(certificate)));

            afterEach(async () => {
                await service.deleteIndividualEnrollment("meter-1");
            });

            it("with a lost certificate of the same issuer, it gets the new one", async () => {
                const issuer = await makeCa({ commonName: "Lost, CA", organisation: "O=Contoso" });
                const lost = { commonName: "meter-1", organisation: "O=Contoso, C=US" };
                await leave(await issue(issuer, lost), await issue(issuer, lost));
                const again = await issue(issuer, { commonName: "meter-1" });
                const made = await create(again);
                assert.equal(await thumbprintOnService(), again.thumbprint256);
                assert.deepEqual(await host.read(made.id, made.state), made.state);
            });

            const other = async (commonName: string, device = "meter-1") =>
                issue(await makeCa({ commonName }), { commonName: device });
            const refused: readonly {
                readonly title: string;
                readonly present: () => Promise<readonly Issued[]>;
                readonly wanted?: () => Promise<Issued>;
            }[] = [
                {
                    title: "by another issuer",
                    present: async () => [await other("Foreign CA")],
                },
                {
                    title: "of another device",
                    present: async () => [await issue(ca, { commonName: "meter-2" })],
                },
                {
                    title: "of which one is by another issuer",
                    present: async () => [
                        await issue(ca, { commonName: "meter-1" }),
                        await other("Foreign CA"),
                    ],
                },
                {
                    title: "self-signed, as is the new one",
                    present: async () => [await selfSigned({ commonName: "meter-1" })],
                    wanted: () => selfSigned({ commonName: "meter-1" }),
                },
            ];
            for (const { title, present, wanted = async () => leaf } of refused) {
                it(`with a certificate ${title}, it is refused and stays unchanged`, async () => {
                    const certificates = await present();
                    await leave(...certificates);
                    await assert.rejects(
                        create(await wanted()),
                        /"meter-1" exists on .* with another attestation/,
                    );
                    assert.equal(await thumbprintOnService(), certificates[0].thumbprint256);
                });
            }
        });
    });
});
