import { deepStrictEqual, match, strictEqual } from "assert";
import { promises as fs } from "fs";
import * as path from "path";
import { AzureCli } from "../support/azureCli";
import { OpenSsl } from "../support/openssl";

interface Service {
    readonly properties: {
        readonly state: string;
        readonly idScope: string;
        readonly allocationPolicy: string;
        readonly iotHubs: readonly { readonly name: string; readonly connectionString: string }[];
    };
    readonly tags: Readonly<Record<string, string>>;
}

interface Certificate {
    readonly etag: string;
    readonly properties: {
        readonly isVerified: boolean;
        readonly certificate: string | null;
        readonly verificationCode?: string;
    };
}

describe("az iot dps", function () {
    this.timeout(300_000);
    let az: AzureCli;
    let openssl: OpenSsl | undefined;
    const dps = "--dps-name az-test-dps -g az-dps-tests";

    before(async function () {
        az = await AzureCli.login(this);
        openssl = await OpenSsl.create();
        await az.bash("az group create --name az-dps-tests --location westeurope");
        await az.bash("az iot hub create --name az-dps-hub -g az-dps-tests --sku S1");
    });

    after(async () => {
        await az?.bash("az group delete --name az-dps-tests --yes");
        await openssl?.remove();
        await az?.remove();
    });

    it("create, show, update", async () => {
        await az.bash("az iot dps create --name az-test-dps -g az-dps-tests");
        const { properties } = await az.json<Service>(
            "iot dps show --name az-test-dps -g az-dps-tests",
        );
        strictEqual(properties.state, "Active");
        match(properties.idScope, /^0ne/);
        const updated = await az.json<Service>(
            "iot dps update --name az-test-dps -g az-dps-tests --set properties.allocationPolicy=GeoLatency --tags a=b",
        );
        strictEqual(updated.properties.allocationPolicy, "GeoLatency");
        deepStrictEqual(updated.tags, { a: "b" });
    });

    it("linked-hub create and update", async () => {
        const linked = await az.json<Service["properties"]["iotHubs"]>(
            `iot dps linked-hub create ${dps} --hub-name az-dps-hub`,
        );
        strictEqual(linked[0].name, "az-dps-hub.azure-devices.net");
        match(linked[0].connectionString, /SharedAccessKey=\*{4}$/);
        const weighed = await az.json<{ allocationWeight: number }>(
            `iot dps linked-hub update ${dps} --linked-hub az-dps-hub --allocation-weight 7`,
        );
        strictEqual(weighed.allocationWeight, 7);
    });

    it("certificate create, generate-verification-code, verify, show, delete", async () => {
        const ca = await (openssl as OpenSsl).selfSigned("az DPS CA");
        await fs.writeFile(path.join(az.home, "ca.pem"), ca.certificate);
        const made = await az.json<Certificate>(
            `iot dps certificate create ${dps} --name ca --path ca.pem`,
        );
        strictEqual(made.properties.isVerified, false);
        const asked = await az.json<Certificate>(
            `iot dps certificate generate-verification-code ${dps} --name ca --etag '${made.etag}'`,
        );
        const code = asked.properties.verificationCode ?? "";
        const proof = await (openssl as OpenSsl).issued(code, ca);
        await fs.writeFile(path.join(az.home, "proof.pem"), proof.certificate);
        await az.bash(
            `az iot dps certificate verify ${dps} --name ca --path proof.pem --etag '${asked.etag}'`,
        );
        const shown = await az.json<Certificate>(`iot dps certificate show ${dps} --name ca`);
        deepStrictEqual([shown.properties.isVerified, shown.properties.certificate], [true, null]);
        await az.bash(`az iot dps certificate delete ${dps} --name ca --etag '${shown.etag}'`);
    });

    it("delete", async () => {
        await az.bash("az iot dps delete --name az-test-dps -g az-dps-tests");
        deepStrictEqual(await az.json("iot dps list -g az-dps-tests"), []);
    });
});
