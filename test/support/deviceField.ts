import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "./deployment";
import { connects, DeviceCredentials } from "./liveDevice";
import { OpenSsl } from "./openssl";

type Outputs = StackOutputs & {
    readonly provisioning: {
        readonly name: string;
        readonly idScope: string;
        readonly serviceHostName: string;
    };
};

const extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"];

/** Devices of a deployment in the field: what lets them in, and what does not. */
export class Field {
    constructor(
        readonly deployment: Deployment,
        private readonly openssl: OpenSsl,
    ) {}

    async outputs(): Promise<Outputs> {
        return (await this.deployment.outputs()) as Outputs;
    }

    /** As the stack issued it. */
    async device(id: string): Promise<DeviceCredentials> {
        return (await this.outputs()).devices[id];
    }

    /** A certificate that nobody listed, of a CA whose key somebody has. */
    async stray(id: string, ca: string): Promise<DeviceCredentials> {
        const { privateKeyPem: key } = await this.deployment.resource(
            "tls:index/privateKey:PrivateKey",
            `${ca}-key`,
        );
        const { certPem: certificate } = await this.deployment.resource(
            "tls:index/locallySignedCert:LocallySignedCert",
            `${ca}-certificate`,
        );
        const leaf = await this.openssl.issued(id, { certificate, key }, { extensions });
        const { hostName } = (await this.outputs()).hub;
        return {
            connectionString: `HostName=${hostName};DeviceId=${id};x509=true`,
            chain: leaf.certificate + certificate,
            privateKey: leaf.key,
        };
    }

    async registers(id: string, { chain, privateKey }: DeviceCredentials): Promise<void> {
        const { idScope } = (await this.outputs()).provisioning;
        await register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    async meets(id: string, device: DeviceCredentials): Promise<DeviceCredentials> {
        await this.registers(id, device);
        await connects(device);
        return device;
    }

    async assertOut(id: string, device: DeviceCredentials): Promise<void> {
        await assert.rejects(connects(device), `${id} connects`);
        await assert.rejects(this.registers(id, device), `${id} registers`);
        await assert.rejects(connects(device), `${id} connects after it tried to register`);
    }

    async leavesNothing(): Promise<void> {
        const { changeSummary, stdout } = await this.deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"], stdout);
    }

    async service(): Promise<ProvisioningServiceClient> {
        const { serviceHostName } = (await this.outputs()).provisioning;
        return ProvisioningServiceClient.fromTokenCredential(
            serviceHostName,
            new EnvironmentCredential(),
        );
    }

    /** Registration IDs of the individual enrollments, disabled ones among them. */
    async enrollments(): Promise<{ readonly individuals: readonly string[] }> {
        const query = (await this.service()).createIndividualEnrollmentQuery({
            query: "SELECT * FROM enrollments",
        });
        const { responseBody } = await query.next();
        const items = responseBody as unknown as readonly { readonly registrationId: string }[];
        return { individuals: items.map(({ registrationId }) => registrationId) };
    }
}
