import { strict as assert } from "assert";
import { readdirSync, readFileSync } from "fs";
import { createRequire } from "module";
import { relative, resolve } from "path";
import * as providers from "../../../../components/dynamic/providers.json";
import { loader } from "../../../../components/dynamic/resource";
import { provider as deviceIdentity } from "../../../../components/registry/deviceIdentityProvider";
import { provider as verifiedCertificate } from "../../../../components/caCertificates/verifiedCertificateProvider";
import { provider as deviceCertificate } from "../../../../components/pki/deviceCertificateProvider";
import { provider as sharding } from "../../../../components/sharding/shardingProvider";
import { provider as enrollment } from "../../../../components/dps/enrollmentProvider";
import { provider as linkedHubs } from "../../../../components/dps/linkedHubsProvider";
import { provider as registration } from "../../../../components/dps/registrationProvider";
import { provider as issuerProvider } from "../../../../components/pki/issuerProvider";

describe("the loader of a dynamic provider", () => {
    // The package with which Pulumi's host runs the text; it has no types.
    const requireFromString = createRequire(__filename)("require-from-string") as (
        code: string,
    ) => {
        handler(): unknown;
    };

    for (const [module, provider] of [
        ["iothub/verifiedCertificate", verifiedCertificate],
        ["iothub/deviceIdentity", deviceIdentity],
        ["pki/deviceCertificate", deviceCertificate],
        ["pki/issuer", issuerProvider],
        ["dps/enrollment", enrollment],
        ["dps/linkedHubs", linkedHubs],
        ["dps/registration", registration],
        ["dynamic/sharding", sharding],
    ] as const) {
        it(module, () => {
            const text = loader(module);
            assert.ok(Buffer.byteLength(text) < 110, `${Buffer.byteLength(text)} bytes`);
            assert.ok(!text.includes(process.cwd()), "an absolute path");
            for (const name of ["ARM_CLIENT_SECRET", "ARM_CLIENT_ID", "HOME"]) {
                const value = process.env[name];
                assert.ok(value === undefined || !text.includes(value), `the value of ${name}`);
            }
            assert.equal(requireFromString(text).handler(), provider);
        });
    }

    it("a loader name of another version is reported as such", () => {
        const text = loader("iothub/deviceIdentity").replace("deviceIdentity", "constructor");
        assert.throws(
            () => requireFromString(text).handler(),
            /no provider "iothub\/constructor": the stack was last changed by another version/,
        );
    });

    // Names in states: one may be added here, and none changed, removed or used for another provider.
    const frozen = [
        "dps/enrollment",
        "dps/linkedHubs",
        "dps/registration",
        "dynamic/sharding",
        "iothub/deviceIdentity",
        "iothub/hubAudit",
        "iothub/verifiedCertificate",
        "pki/deviceCertificate",
        "pki/issuer",
    ];

    it("the names in states stay valid, each with its resource type", () => {
        assert.deepEqual(Object.keys(providers).sort(), frozen);
        const types = readdirSync("components", { recursive: true })
            .map(String)
            .filter((file) => file.endsWith(".ts"))
            .map((file) => readFileSync(`components/${file}`, "utf8"))
            .flatMap((source) => [...source.matchAll(/module: "([^"]+)",\s*type: "([^"]+)"/g)])
            .map(([, name, type]) => `${name} ${type}`);
        assert.deepEqual(types.sort(), [
            "dps/enrollment dps:EnrollmentGroup",
            "dps/enrollment dps:IndividualEnrollment",
            "dps/linkedHubs dps:LinkedHubs",
            "dps/registration dps:DeviceRegistration",
            "dynamic/sharding fleet:Sharding",
            "iothub/deviceIdentity iothub:DeviceIdentity",
            "iothub/hubAudit iothub:HubAudit",
            "iothub/verifiedCertificate iothub:VerifiedCertificate",
            "pki/deviceCertificate pki:DeviceCertificate",
            "pki/issuer pki:Issuer",
        ]);
    });

    it("every provider's module is in the table", () => {
        const inTable = Object.values(providers).map((path) =>
            relative("components", resolve("components/dynamic", `${path}.ts`)),
        );
        const modules = readdirSync("components", { recursive: true })
            .map(String)
            .filter((file) => file.endsWith("Provider.ts"));
        assert.deepEqual(modules.sort(), inTable.sort());
    });
});
