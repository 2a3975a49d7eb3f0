import { strict as assert } from "assert";
import { existsSync, readFileSync, statSync } from "fs";
import * as paths from "path";
import { RunFolder } from "../../../../cli/fleet/runFolder";
import {
    PlatformFile,
    removeFormerFile,
    settingsFile,
} from "../../../../cli/stackFiles/stackFiles";
import { StackFileError } from "../../../../cli/stackFiles/planConfig";
import { Sharding } from "../../../../stacks/settings";
import { shardsValue } from "../../../../stacks/shards";
import { ProjectFolder } from "../../stacks/config/configSupport";

const four: Sharding = { by: "hash", count: 4 };

describe("npm run fleet: settings files", () => {
    let folder: ProjectFolder;
    beforeEach(() => (folder = new ProjectFolder()));
    afterEach(() => folder.remove());

    const platform = (): PlatformFile => PlatformFile.read(folder.path, "dev");

    /** Writes the platform's file, and gives the lines of a fleet stack's. */
    function written(lines: readonly string[], sharding: Sharding | undefined = four): string[] {
        folder.write("Pulumi.dev.yaml", `${lines.join("\n")}\n`);
        return platform().fleetStackSettings("dev", "shard-2", sharding).trimEnd().split("\n");
    }

    it("are found beside Pulumi.yaml, by the stack's name", () => {
        assert.equal(settingsFile("/a/b", "dev-shard-2"), "/a/b/Pulumi.dev-shard-2.yaml");
    });

    it("a fleet stack's file has the platform's settings, the shards and its own part", () => {
        const lines = written([
            "# A comment",
            "config:",
            "  azure-native:location: westeurope",
            "  iot-x509:organization: Contoso",
            "  iot-x509:groups:",
            "    pumps: {}",
        ]);
        assert.deepEqual(lines, [
            "config:",
            "  azure-native:location: westeurope",
            "  iot-x509:organization: Contoso",
            "  iot-x509:groups:",
            "    pumps: {}",
            "  iot-x509:shards: 4",
            "  iot-x509:shard:",
            "    of: dev",
            "    name: shard-2",
        ]);
    });

    it("the platform's file is passed on unchanged", () => {
        const text = "# A comment\nconfig: {iot-x509:organization: 'Contoso', a:b: 0012}\n";
        folder.write("Pulumi.dev.yaml", text);
        assert.equal(platform().settings(), text);
    });

    it("shards by group replace an earlier number of shards", () => {
        const settings = ["config:", "  iot-x509:shards: 2"];
        assert.ok(written(settings, { by: "group" }).includes("  iot-x509:shards: group"));
        assert.ok(written(settings).includes("  iot-x509:shards: 4"));
        assert.deepEqual([shardsValue(four), shardsValue({ by: "group" })], [4, "group"]);
    });

    it("the encryption key of secrets is passed on even without settings", () => {
        const provider = "azurekeyvault://v.vault.azure.net/keys/k";
        const key = `secretsprovider: ${provider}\nencryptedkey: AAAA\n`;
        folder.write("Pulumi.dev.yaml", `${key}config:\n  iot-x509:organization: Contoso\n`);
        assert.equal(platform().secretsProvider, provider);
        assert.equal(platform().keyAlone(), key);
        folder.write("Pulumi.dev.yaml", "encryptionsalt: v1:AAAA\n");
        assert.equal(platform().secretsProvider, undefined);
    });

    it("without shards, as for a stack to destroy, it names none", () => {
        folder.write("Pulumi.dev.yaml", "config:\n  iot-x509:shards: 2\n");
        const text = platform().fleetStackSettings("dev", "shard-2", undefined);
        assert.doesNotMatch(text, /iot-x509:shards/);
    });

    it("what an earlier version left beside Pulumi.yaml is removed, and nothing else", () => {
        folder.write("Pulumi.dev-shard-1.yaml", "# Made by npm run fleet; what …\nconfig: {}\n");
        folder.write("Pulumi.dev-shard-2.yaml", "config: {}\n");
        for (const stack of ["dev-shard-1", "dev-shard-2", "dev-shard-3"]) {
            removeFormerFile(folder.path, stack);
        }
        assert.equal(existsSync(`${folder.path}/Pulumi.dev-shard-1.yaml`), false);
        assert.equal(existsSync(`${folder.path}/Pulumi.dev-shard-2.yaml`), true);
    });

    it("secrets stay encrypted, with the salt that decrypts them", () => {
        const lines = written([
            "encryptionsalt: v1:AAAAAAAAAAA=:v1:BBBB:CCCC==",
            "config:",
            "  iot-x509:organization:",
            "    secure: v1:DDDD:EEEE==",
        ]);
        assert.ok(lines.includes("encryptionsalt: v1:AAAAAAAAAAA=:v1:BBBB:CCCC=="));
        const at = lines.indexOf("  iot-x509:organization:");
        assert.equal(lines[at + 1], "    secure: v1:DDDD:EEEE==");
    });

    it("and with the provider and key of a secrets provider", () => {
        const lines = written([
            "secretsprovider: azurekeyvault://my.vault.azure.net/keys/pulumi",
            "encryptedkey: QUFB",
            "config:",
            "  iot-x509:organization: { secure: v1:DDDD }",
        ]);
        assert.ok(
            lines.includes("secretsprovider: azurekeyvault://my.vault.azure.net/keys/pulumi"),
        );
        assert.ok(lines.includes("encryptedkey: QUFB"));
    });

    it("receivers of alerts stay with the stack of the hub, encrypted or not", () => {
        const lines = written([
            "config:",
            "  iot-x509:alerts:",
            "    emails: [iot@contoso.com]",
            "    webhooks: [{ secure: v1:AAAA }]",
            "    days: [30]",
        ]);
        const at = lines.indexOf("  iot-x509:alerts:");
        assert.deepEqual(lines.slice(at + 1, at + 3), ["    days:", "      - 30"]);
        assert.ok(!lines.join("\n").match(/contoso|secure/));
    });

    it("secrets of a stack without its own key are refused, with the first one's path", () => {
        for (const [line, path] of [
            ["iot-x509:organization: { secure: v1:AAAA }", "iot-x509:organization"],
            [
                "iot-x509:groups: { pumps: { intermediate: { commonName: { secure: v1:AAAA } } } }",
                "iot-x509:groups.pumps.intermediate.commonName",
            ],
            [
                "iot-x509:devices: [{ id: a }, { id: b, tags: { site: { secure: v1:AAAA } } }]",
                "iot-x509:devices.1.tags.site",
            ],
        ]) {
            assert.throws(
                () => written(["config:", "  iot-x509:location: westeurope", `  ${line}`]),
                (error) => {
                    assert.ok(error instanceof StackFileError);
                    assert.ok(
                        error.message.startsWith(
                            `Pulumi.dev.yaml: "${path}" is encrypted by the backend for this stack only`,
                        ),
                        error.message,
                    );
                    assert.match(error.message, /pulumi stack change-secrets-provider/);
                    assert.doesNotMatch(error.message, /AAAA/);
                    return true;
                },
            );
        }
    });

    it("a mapping with other keys beside the secret marker is not a secret", () => {
        const tags = ["config:", "  iot-x509:a: { secure: yes-please, other: 1 }"];
        assert.ok(written(tags).includes("    secure: yes-please"));
        const flag = ["config:", "  iot-x509:a: { secure: true }"];
        assert.ok(written(flag).includes("    secure: true"));
    });

    it("a date becomes the CLI's text; quoted dates, numbers and booleans stay text", () => {
        const lines = written([
            "config:",
            "  iot-x509:a: 2027-01-01",
            "  iot-x509:b: '2027-01-01'",
            "  iot-x509:c: '0012'",
            "  iot-x509:d: 'true'",
            "  iot-x509:e: true",
            "  iot-x509:f: 1.5",
            "  iot-x509:g: [2027-01-01T12:00:00Z]",
        ]);
        assert.deepEqual(
            lines.slice(1, 5).map((line) => line.replace(/["']/g, "")),
            [
                "  iot-x509:a: 2027-01-01 00:00:00 +0000 UTC",
                "  iot-x509:b: 2027-01-01",
                "  iot-x509:c: 0012",
                "  iot-x509:d: true",
            ],
        );
        assert.match(lines[3], /c: ["']0012["']$/);
        assert.match(lines[4], /d: ["']true["']$/);
        assert.deepEqual(lines.slice(5, 8), [
            "  iot-x509:e: true",
            "  iot-x509:f: 1.5",
            "  iot-x509:g:",
        ]);
        assert.match(lines[8], /^ +- ["']?2027-01-01 12:00:00 \+0000 UTC["']?$/);
    });

    it("an empty settings file of the platform means no settings", () => {
        assert.deepEqual(written(["# Nothing yet"]), [
            "config:",
            "  iot-x509:shards: 4",
            "  iot-x509:shard:",
            "    of: dev",
            "    name: shard-2",
        ]);
    });

    it("another sharding changes only the shards in the platform's settings", () => {
        const salt = "encryptionsalt: v1:AAAA";
        folder.write(
            "Pulumi.dev.yaml",
            `${salt}\nconfig:\n  iot-x509:shards: 2\n  a:b:\n    secure: v1:BBBB\n`,
        );
        assert.equal(
            platform().settings({ by: "group" }),
            `${salt}\nconfig:\n  iot-x509:shards: group\n  a:b:\n    secure: v1:BBBB\n`,
        );
    });
});

describe("npm run fleet: the folder of one run", () => {
    it("has its files, which only its user can read, and is gone afterwards", () => {
        const folder = RunFolder.make("iot-x509");
        const file = folder.write("dev-shard-1", "config: {}\n");
        assert.equal(file, folder.settingsFile("dev-shard-1"));
        assert.equal(readFileSync(file, "utf8"), "config: {}\n");
        assert.match(
            readFileSync(paths.join(folder.path, "Pulumi.yaml"), "utf8"),
            /^name: iot-x509$/m,
        );
        for (const [at, mode] of [
            [folder.path, 0o700],
            [file, 0o600],
            [folder.eventLog("dev"), 0o600],
        ] as const) {
            assert.equal(statSync(at).mode & 0o777, mode, at);
        }
        folder.remove();
        assert.equal(existsSync(folder.path), false);
    });
});
