import { strict as assert } from "assert";
import { existsSync, readFileSync, statSync } from "fs";
import * as paths from "path";
import {
    claimedPlatform,
    secretsProvider,
    settingsFile,
    settingsWith,
    writeFleetStackFile,
} from "../../scripts/lib/fleet/stackFiles";
import { withSettingsFile } from "../../scripts/lib/fleet/withSettingsFile";
import { StackFileError } from "../../scripts/lib/planConfig";
import { Sharding } from "../../stacks/settings";
import { shardsValue } from "../../stacks/shards";
import { ProjectFolder } from "./configSupport";

const four: Sharding = { by: "hash", count: 4 };
const shard2 = { stack: "dev-shard-2", shard: "shard-2" };

describe("npm run fleet: settings files", () => {
    let folder: ProjectFolder;
    beforeEach(() => (folder = new ProjectFolder()));
    afterEach(() => folder.remove());

    /** Writes the platform's file, and gives the lines of the fleet stack's. */
    function written(lines: readonly string[], sharding: Sharding | undefined = four): string[] {
        folder.write("Pulumi.dev.yaml", `${lines.join("\n")}\n`);
        writeFleetStackFile(folder.path, "dev", sharding, shard2);
        return folder.read("Pulumi.dev-shard-2.yaml").trimEnd().split("\n");
    }

    it("are found beside Pulumi.yaml, by the stack's name", () => {
        assert.equal(settingsFile("/a/b", "dev-shard-2"), "/a/b/Pulumi.dev-shard-2.yaml");
    });

    it("a fleet stack's has the platform's settings, the shards and its own part", () => {
        const lines = written([
            "# A comment",
            "config:",
            "  azure-native:location: westeurope",
            "  iot-x509:organization: Contoso",
            "  iot-x509:groups:",
            "    pumps: {}",
        ]);
        assert.deepEqual(lines, [
            "# Made by npm run fleet; what is changed here is lost in its next run.",
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

    it("the platform's own is left as it is", () => {
        const text = "# A comment\nconfig: {iot-x509:organization: 'Contoso'}\n";
        folder.write("Pulumi.dev.yaml", text);
        writeFleetStackFile(folder.path, "dev", four, shard2);
        settingsWith(folder.path, "dev", undefined);
        assert.equal(folder.read("Pulumi.dev.yaml"), text);
    });

    it("shards by group, and what the file said of shards before, which counts no more", () => {
        const settings = ["config:", "  iot-x509:shards: 2"];
        assert.ok(written(settings, { by: "group" }).includes("  iot-x509:shards: group"));
        assert.ok(written(settings).includes("  iot-x509:shards: 4"));
        assert.deepEqual([shardsValue(four), shardsValue({ by: "group" })], [4, "group"]);
    });

    it("whose fleet stack it is stands in it; the file of a hub's stack names none", () => {
        folder.write("Pulumi.dev.yaml", "config:\n  iot-x509:organization: Contoso\n");
        writeFleetStackFile(folder.path, "dev", four, shard2);
        const claims = ["dev-shard-2", "dev", "dev-shard-3"].map((stack) =>
            claimedPlatform(folder.path, stack),
        );
        assert.deepEqual(claims, ["dev", null, undefined]);
    });

    it("the secrets provider of the hub's stack is the fleet stack's", () => {
        const provider = "azurekeyvault://v.vault.azure.net/keys/k";
        folder.write("Pulumi.dev.yaml", `secretsprovider: ${provider}\nencryptedkey: AAAA\n`);
        writeFleetStackFile(folder.path, "dev", four, shard2);
        assert.equal(secretsProvider(folder.path, "dev-shard-2"), provider);
        folder.write("Pulumi.dev.yaml", "encryptionsalt: v1:AAAA\n");
        assert.equal(secretsProvider(folder.path, "dev"), undefined);
    });

    it("without shards, as for a stack that is to be destroyed, it names none", () => {
        folder.write("Pulumi.dev.yaml", "config:\n  iot-x509:shards: 2\n");
        writeFleetStackFile(folder.path, "dev", undefined, shard2);
        assert.doesNotMatch(folder.read("Pulumi.dev-shard-2.yaml"), /iot-x509:shards/);
    });

    it("a file that was there is replaced", () => {
        folder.write("Pulumi.dev-shard-2.yaml", "config:\n  iot-x509:organization: Other\n");
        assert.doesNotMatch(written(["config:", "  a:b: c"]).join("\n"), /Other/);
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

    it("secrets of a stack without a key of its own are refused, with the first one's path", () => {
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
                            `Pulumi.dev.yaml: "${path}" is encrypted by the backend for this stack alone`,
                        ),
                        error.message,
                    );
                    assert.match(error.message, /pulumi stack change-secrets-provider/);
                    assert.doesNotMatch(error.message, /AAAA/);
                    return true;
                },
            );
            assert.equal(existsSync(folder.path + "/Pulumi.dev-shard-2.yaml"), false);
        }
    });

    it("a setting that has the name of a secret's mark beside others is none", () => {
        const tags = ["config:", "  iot-x509:a: { secure: yes-please, other: 1 }"];
        assert.ok(written(tags).includes("    secure: yes-please"));
        const flag = ["config:", "  iot-x509:a: { secure: true }"];
        assert.ok(written(flag).includes("    secure: true"));
    });

    it("what looks like a date, a number or a truth in quotes stays what it was", () => {
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
            lines.slice(2, 6).map((line) => line.replace(/["']/g, "")),
            [
                "  iot-x509:a: 2027-01-01",
                "  iot-x509:b: 2027-01-01",
                "  iot-x509:c: 0012",
                "  iot-x509:d: true",
            ],
        );
        assert.match(lines[4], /c: ["']0012["']$/);
        assert.match(lines[5], /d: ["']true["']$/);
        assert.deepEqual(lines.slice(6, 9), [
            "  iot-x509:e: true",
            "  iot-x509:f: 1.5",
            "  iot-x509:g:",
        ]);
        assert.match(lines[9], /^ +- ["']?2027-01-01T12:00:00Z["']?$/);
    });

    it("an empty file of the platform is no settings at all", () => {
        assert.deepEqual(written(["# Nothing yet"]).slice(1), [
            "config:",
            "  iot-x509:shards: 4",
            "  iot-x509:shard:",
            "    of: dev",
            "    name: shard-2",
        ]);
    });

    it("settingsWith changes the shards alone, or takes them out", () => {
        const salt = "encryptionsalt: v1:AAAA";
        folder.write(
            "Pulumi.dev.yaml",
            `${salt}\nconfig:\n  iot-x509:shards: 2\n  a:b:\n    secure: v1:BBBB\n`,
        );
        assert.equal(
            settingsWith(folder.path, "dev", { by: "group" }),
            `${salt}\nconfig:\n  iot-x509:shards: group\n  a:b:\n    secure: v1:BBBB\n`,
        );
        assert.equal(
            settingsWith(folder.path, "dev", undefined),
            `${salt}\nconfig:\n  a:b:\n    secure: v1:BBBB\n`,
        );
    });
});

describe("npm run fleet: a settings file for one run", () => {
    /** What there is of the file while it is used, and its path. */
    async function used(end: () => string) {
        let file = "";
        let mode = 0;
        let folderMode = 0;
        let text = "";
        const result = await withSettingsFile("config: {}\n", async (given) => {
            file = given;
            mode = statSync(given).mode & 0o777;
            folderMode = statSync(paths.dirname(given)).mode & 0o777;
            text = readFileSync(given, "utf8");
            return end();
        }).catch((error: Error) => error);
        return { file, mode, folderMode, text, result };
    }

    it("has the text, only its user can read it, and it is gone afterwards with its folder", async () => {
        const { file, mode, folderMode, text, result } = await used(() => "a result");
        assert.equal(text, "config: {}\n");
        assert.equal(mode, 0o600);
        assert.equal(folderMode, 0o700);
        assert.equal(result, "a result");
        assert.equal(existsSync(file), false);
        assert.equal(existsSync(paths.dirname(file)), false);
    });

    it("is gone after an error, too, which is passed on", async () => {
        const { file, result } = await used(() => {
            throw new Error("locked");
        });
        assert.equal((result as Error).message, "locked");
        assert.notEqual(file, "");
        assert.equal(existsSync(paths.dirname(file)), false);
    });
});
