import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { deepStrictEqual, match, notStrictEqual, rejects, strictEqual } from "assert";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import {
    EnrollmentGroup,
    IndividualEnrollment,
} from "azure-iot-provisioning-service/dist/interfaces";
import { Query } from "azure-iot-provisioning-service/dist/query";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { Issued, makeCa, selfSigned } from "../support/pki";

const group = "dps-service";
const name = "dps-service-test";
const host = `${name}.azure-devices-provisioning.net`;
const location = "westeurope";

describe("azure-iot-provisioning-service", function () {
    this.timeout(60_000);
    let hubs: IotHubClient;
    let arm: IotDpsClient;
    let client: ProvisioningServiceClient;
    let cas: Issued[];

    before(async () => {
        hubs = iotHubClient();
        const credential = new EnvironmentCredential();
        arm = new IotDpsClient(credential, shared().subscriptionId);
        await makeHub(hubs, group, "dps-service-hub");
        const hubKeys = await hubs.iotHubResource.getKeysForKeyName(
            group,
            "dps-service-hub",
            "iothubowner",
        );
        const connectionString = `HostName=dps-service-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${hubKeys.primaryKey}`;
        await arm.iotDpsResource.beginCreateOrUpdateAndWait(group, name, {
            location,
            sku: { name: "S1", capacity: 1 },
            properties: { iotHubs: [{ connectionString, location }] },
        });
        cas = await Promise.all(
            ["one", "two", "three"].map((commonName) => makeCa({ commonName })),
        );
        for (const [index, isVerified] of [true, true, false].entries()) {
            await arm.dpsCertificate.createOrUpdate(group, name, `ca-${index}`, {
                properties: { certificate: Buffer.from(cas[index].certificate), isVerified },
            });
        }
        const key = await arm.iotDpsResource.listKeysForKeyName(
            name,
            "provisioningserviceowner",
            group,
        );
        client = ProvisioningServiceClient.fromConnectionString(
            `HostName=${host};SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=${key.primaryKey}`,
        );
    });

    after(() => dropGroup(hubs, group));

    const groupOf = (id: string, more: object): EnrollmentGroup =>
        ({ enrollmentGroupId: id, provisioningStatus: "enabled", ...more }) as EnrollmentGroup;
    const byReference = (primary: string, secondary?: string): object => ({
        attestation: { type: "x509", x509: { caReferences: { primary, secondary } } },
    });
    const enrollmentOf = (id: string, { certificate }: Issued): IndividualEnrollment =>
        ({
            registrationId: id,
            attestation: {
                type: "x509",
                x509: { clientCertificates: { primary: { certificate } } },
            },
        }) as unknown as IndividualEnrollment;
    const leaf = (commonName: string) => selfSigned({ commonName });
    // The SDK's next() without a token begins anew each time, so it is told where it was.
    const pagesOf = async (query: Query): Promise<unknown[]> => {
        const pages: unknown[] = [];
        do {
            pages.push((await query.next(query.continuationToken)).responseBody);
        } while (query.hasMoreResults);
        return pages;
    };

    it("an enrollment group is created with a verified CA and all settings, updated by ETag, deleted", async () => {
        const wanted = groupOf("fleet-a", {
            ...byReference("ca-0", "ca-1"),
            allocationPolicy: "static",
            iotHubHostName: "dps-service-hub.azure-devices.net",
            iotHubs: ["dps-service-hub.azure-devices.net"],
            capabilities: { iotEdge: true },
            reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
            initialTwin: { tags: { site: "hall-3" }, properties: { desired: { interval: 5 } } },
        });
        const { responseBody: made } = await client.createOrUpdateEnrollmentGroup(wanted);
        match(made.etag ?? "", /^[A-Za-z0-9+/]+=*$/);
        const { etag, createdDateTimeUtc, lastUpdatedDateTimeUtc, ...settings } = made;
        strictEqual(createdDateTimeUtc, lastUpdatedDateTimeUtc);
        deepStrictEqual(settings, JSON.parse(JSON.stringify(wanted)));
        deepStrictEqual((await client.getEnrollmentGroup("FLEET-A")).responseBody, made);

        const { responseBody: changed } = await client.createOrUpdateEnrollmentGroup({
            ...made,
            provisioningStatus: "disabled",
        });
        strictEqual(changed.provisioningStatus, "disabled");
        strictEqual(changed.createdDateTimeUtc, createdDateTimeUtc);
        notStrictEqual(changed.etag, etag);
        await rejects(client.createOrUpdateEnrollmentGroup(made), { name: "InvalidEtagError" });
        await rejects(client.createOrUpdateEnrollmentGroup(wanted), {
            name: "DeviceAlreadyExistsError",
            responseBody: /"errorCode":409202.*EnrollmentGroup already exists\./,
        });
        const attestation = await client.getEnrollmentGroupAttestationMechanism("fleet-a");
        deepStrictEqual(attestation.responseBody, made.attestation);
        await rejects(client.deleteEnrollmentGroup("fleet-a", etag ?? ""), {
            name: "InvalidEtagError",
        });
        await client.deleteEnrollmentGroup("fleet-a", changed.etag ?? "");
        await rejects(client.getEnrollmentGroup("fleet-a"), { responseBody: /404202/ });
    });

    it("describes signing certificates, and keeps them when the description is sent back", async () => {
        const { responseBody: made } = await client.createOrUpdateEnrollmentGroup(
            groupOf("fleet-signed", {
                attestation: {
                    type: "x509",
                    x509: {
                        signingCertificates: {
                            primary: { certificate: cas[0].certificate },
                            secondary: {
                                certificate: Buffer.from(cas[1].certificate).toString("base64"),
                            },
                        },
                    },
                },
            }),
        );
        const { primary, secondary } = made.attestation.x509?.signingCertificates ?? {};
        deepStrictEqual(
            [primary?.certificate, primary?.info],
            [
                undefined,
                {
                    subjectName: "CN=one",
                    sha1Thumbprint: cas[0].thumbprint,
                    sha256Thumbprint: cas[0].thumbprint256,
                    issuerName: "CN=one",
                    notBeforeUtc: new Date(cas[0].x509.validFrom).toISOString().replace(".000", ""),
                    notAfterUtc: new Date(cas[0].x509.validTo).toISOString().replace(".000", ""),
                    serialNumber: cas[0].x509.serialNumber,
                    version: 3,
                },
            ],
        );
        strictEqual(secondary?.info?.sha256Thumbprint, cas[1].thumbprint256);
        const { responseBody: again } = await client.createOrUpdateEnrollmentGroup(made);
        deepStrictEqual(again.attestation, made.attestation);
        await rejects(
            client.createOrUpdateEnrollmentGroup(groupOf("fleet-twin", byReference("ca-0"))),
            { responseBody: /409203.*already used by the enrollment 'fleet-signed'/ },
        );
        await client.deleteEnrollmentGroup("fleet-signed");
    });

    it("refuses a CA that the service does not have or has not verified: 401002", async () => {
        for (const reference of ["no-such-ca", "ca-2"]) {
            await rejects(
                client.createOrUpdateEnrollmentGroup(groupOf("x", byReference(reference))),
                { responseBody: /"errorCode":401002.*"message":"CA certificate not found\."/ },
            );
        }
    });

    it("an individual enrollment is created, queried page by page and deleted", async () => {
        const leaves = await Promise.all(["p-1", "p-2", "p-3", "p-4", "p-5"].map(leaf));
        for (const [index, issued] of leaves.entries()) {
            await client.createOrUpdateIndividualEnrollment(enrollmentOf(`p-${index + 1}`, issued));
        }
        const { responseBody: one } = await client.getIndividualEnrollment("p-1");
        deepStrictEqual(one.registrationState, { registrationId: "p-1", status: "unassigned" });
        strictEqual(
            one.attestation.x509?.clientCertificates?.primary.info?.sha1Thumbprint,
            leaves[0].thumbprint,
        );
        const { responseBody: renamed } = await client.createOrUpdateIndividualEnrollment({
            ...one,
            deviceId: "Pump-1",
        });
        strictEqual(renamed.deviceId, "Pump-1");
        const pages = await pagesOf(
            client.createIndividualEnrollmentQuery({ query: "SELECT * FROM enrollments" }, 2),
        );
        deepStrictEqual(
            (pages as IndividualEnrollment[][]).map((page) =>
                page.map(({ registrationId }) => registrationId),
            ),
            [["p-1", "p-2"], ["p-3", "p-4"], ["p-5"]],
        );
        await client.deleteIndividualEnrollment(renamed);
        await rejects(client.getIndividualEnrollment("p-1"), { responseBody: /404201/ });
        for (const id of ["p-2", "p-3", "p-4", "p-5"]) {
            await client.deleteIndividualEnrollment(id);
        }
    });

    it("bulk: 10 at once, each failure separate, 11 refused", async () => {
        const ids = Array.from({ length: 11 }, (_, index) => `bulk-${index}`);
        const enrollments = (await Promise.all(ids.map(leaf))).map((issued, index) =>
            enrollmentOf(ids[index], issued),
        );
        // Without a callback the SDK's promise of a bulk operation never settles.
        const run = (mode: "create" | "update" | "updateIfMatchEtag" | "delete", list: object[]) =>
            new Promise((resolve, reject) => {
                const operation = { mode, enrollments: list as IndividualEnrollment[] };
                client.runBulkEnrollmentOperation(operation, (error, result) =>
                    error ? reject(error) : resolve(result),
                );
            });
        const ten = enrollments.slice(0, 10);
        deepStrictEqual(await run("create", ten), { errors: [], isSuccessful: true });
        const taken = { errorCode: 409201, errorStatus: "Enrollment already exists." };
        deepStrictEqual(await run("update", ten.slice(0, 1)), {
            errors: [{ registrationId: "bulk-0", ...taken }],
            isSuccessful: false,
        });
        const { responseBody: stored } = await client.getIndividualEnrollment("bulk-0");
        const disabled = { ...stored, provisioningStatus: "disabled" };
        deepStrictEqual(await run("updateIfMatchEtag", [disabled]), {
            errors: [],
            isSuccessful: true,
        });
        const { responseBody: after } = await client.getIndividualEnrollment("bulk-0");
        strictEqual(after.provisioningStatus, "disabled");
        await rejects(run("delete", enrollments), { responseBody: /at most 10 are allowed/ });
        const withMissing = [...ten.slice(0, 9), enrollments[10]];
        deepStrictEqual(await run("delete", withMissing), {
            errors: [
                {
                    registrationId: "bulk-10",
                    errorCode: 404201,
                    errorStatus: "Enrollment not found.",
                },
            ],
            isSuccessful: false,
        });
        deepStrictEqual(await run("delete", [ten[9]]), { errors: [], isSuccessful: true });
    });

    it("registrations: none for a new group, none for an unknown ID", async () => {
        await client.createOrUpdateEnrollmentGroup(groupOf("fleet-r", byReference("ca-1")));
        const pages = await pagesOf(
            client.createEnrollmentGroupDeviceRegistrationStateQuery(
                { query: "SELECT *" },
                "fleet-r",
            ),
        );
        deepStrictEqual(pages, [[]]);
        await rejects(client.getDeviceRegistrationState("nobody"), { responseBody: /404203/ });
        await rejects(client.deleteDeviceRegistrationState("nobody"), { responseBody: /404203/ });
        await client.deleteEnrollmentGroup("fleet-r");
    });

    it("accepts an Entra ID token", async () => {
        const byToken = ProvisioningServiceClient.fromTokenCredential(
            host,
            new EnvironmentCredential(),
        );
        const { responseBody } = await byToken.createOrUpdateEnrollmentGroup(
            groupOf("fleet-token", byReference("ca-0")),
        );
        strictEqual(responseBody.enrollmentGroupId, "fleet-token");
        await byToken.deleteEnrollmentGroup(responseBody);
    });

    it("refuses what it does not emulate, and says so", async () => {
        const symmetric = groupOf("keys", {
            attestation: { type: "symmetricKey", symmetricKey: {} },
        });
        await rejects(client.createOrUpdateEnrollmentGroup(symmetric), {
            responseBody: /501000.*attestation by symmetricKey/,
        });
        const custom = groupOf("custom", { ...byReference("ca-0"), allocationPolicy: "custom" });
        await rejects(client.createOrUpdateEnrollmentGroup(custom), {
            responseBody: /501000.*calls an Azure Function/,
        });
    });
});
