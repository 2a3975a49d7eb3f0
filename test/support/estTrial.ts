import { strict as assert } from "assert";
import { createHash } from "crypto";
import { readFileSync, writeFileSync } from "fs";
import { Deployment } from "./deployment";
import type { Reply } from "./estService";
import { EstStack, openssl } from "./estStack";
import { importCa } from "./importedCa";
import { Issued, makeCa } from "./pki";

const group = { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 };

/** The one-time secret of `own-1` and `own-2`, and of `pump-5`, whose has expired. */
export const secret = "correct horse battery staple";

/** A stack with an EST service, and clients that nobody here wrote. */
export class EstTrial extends EstStack {
    /** The manufacturer's CA. */
    maker!: Issued;
    /** The CAs of the groups, with the keys that the state has. */
    pumps!: Issued;
    valves!: Issued;
    old!: Issued;

    /** @param name of the stack, which no other test may have at the same time */
    constructor(private readonly name = "est") {
        super();
    }

    /** Deploys the stack and starts the service. */
    async begin(context: Mocha.Context): Promise<void> {
        this.maker = await makeCa({ commonName: "Maker CA" });
        this.deployment = await Deployment.make(context, this.name, {
            hub: { name: `iot-${this.name}` },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                pumps: group,
                valves: group,
                gateways: group,
                old: { ...group, blocked: true },
            },
            devices: [
                ...["pump-1", "pump-2", "pump-3", "pump-4", "pump-5", "pump-6"].map((id) => ({
                    id,
                    group: "pumps",
                })),
                { id: "pump-off", group: "pumps", status: "disabled" },
                { id: "valve-1", group: "valves" },
                { id: "old-1", group: "old" },
                { id: "own-1", auth: "thumbprint", thumbprints: ["0123456789ABCDEF".repeat(4)] },
                { id: "own-2", auth: "thumbprint", certificates: ["own-2.pem"] },
                { id: "gateway-1", group: "gateways" },
            ],
            outputDevices: [],
            est: {
                graceDays: 7,
                identityCertificates: ["gateways"],
                bootstrap: [
                    { group: "pumps", certificate: "maker.pem", secrets: "secrets.csv" },
                    { group: "gateways", certificate: "maker.pem" },
                ],
            },
        });
        const { project } = this.deployment;
        writeFileSync(project.file("maker.pem"), this.maker.certificate);
        const digest = createHash("sha256").update(secret).digest("hex");
        writeFileSync(
            project.file("secrets.csv"),
            `device,sha256,expires\nown-1,${digest},2099-01-01\nown-2,${digest},2099-01-01\npump-5,${digest},2020-01-01\n`,
        );
        await openssl(
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            ...["-keyout", project.file("own-2.key"), "-out", project.file("own-2.pem")],
            ...["-days", "1", "-subj", "/CN=own-2"],
        );
        await this.deployment.up();
        const state = JSON.parse(await this.deployment.pulumi("stack", "export", "--show-secrets"));
        [this.pumps, this.valves, this.old] = await Promise.all(
            ["pumps-g1", "valves-g1", "old-g1"].map((one) => importCa(state, one)),
        );
        await this.serve();
    }

    /** The one leaf of an answer, verified by OpenSSL as a client's below the stack's root. */
    async leaf(reply: Reply): Promise<string> {
        assert.equal(reply.status, 200, reply.body);
        const found = await this.certificatesIn(reply);
        assert.equal(found.length, 1);
        const [file, root, chain] = ["leaf", "root", "chain"].map((one) =>
            this.deployment.project.file(`${one}-${this.files++}.pem`),
        );
        writeFileSync(file, found[0]);
        writeFileSync(root, await this.deployment.rootCertificate());
        writeFileSync(chain, this.pumps.certificate);
        const options = ["-x509_strict", "-purpose", "sslclient", "-CAfile", root];
        await openssl("verify", ...options, "-untrusted", chain, file);
        return found[0];
    }

    async connection(id: string, certificate: string, keyFile: string) {
        return {
            connectionString: `HostName=iot-${this.name}.azure-devices.net;DeviceId=${id};x509=true`,
            chain: `${certificate}${this.pumps.certificate}`,
            privateKey: readFileSync(keyFile, "utf8"),
        };
    }
}
