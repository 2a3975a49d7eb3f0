import { strict as assert } from "assert";
import { readSettings } from "../../../../stacks/config";
import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

describe("est", () => {
    const folder = new ProjectFolder();
    const digest = "0123456789abcdef".repeat(4);

    before(() => {
        folder.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Maker -keyout maker.key -out maker.pem",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
        );
        folder.openssl(
            "req -x509 -key maker.key -days 30 -subj /CN=leaf -out leaf.pem",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        );
        folder.write(
            "good.csv",
            `device,sha256,expires\npump-01,${digest},2027-01-31\npump-02,${digest.toUpperCase()},2027-01-31T12:00:00Z\n`,
        );
        folder.write("columns.csv", `device,secret\npump-01,abc\n`);
        folder.write("plain.csv", `device,sha256,expires\npump-01,my secret,2027-01-31\n`);
        folder.write("day.csv", `device,sha256,expires\npump-01,${digest},31.1.2027\n`);
        folder.write("twice.csv", `device,sha256,expires\n${`a,${digest},2027-01-31\n`.repeat(2)}`);
    });

    after(() => folder.remove());

    const stack = (est: unknown): Raw => good({ est });
    const bootstrap = (one: Raw): Raw => stack({ bootstrap: [one] });

    it("is absent by default; without keys it has the defaults", () => {
        assert.equal(readSettings(good(), folder.path).est, undefined);
        assert.deepEqual(readSettings(stack({}), folder.path).est, {
            graceDays: 0,
            repeatHours: 24,
            identityCertificates: [],
            bootstrap: [],
            container: undefined,
        });
    });

    it("reads the manufacturer's CA and the digests of one-time secrets", () => {
        const { est } = readSettings(
            stack({
                graceDays: 14,
                repeatHours: "48",
                identityCertificates: ["pumps"],
                bootstrap: [{ group: "pumps", certificate: "maker.pem", secrets: "good.csv" }],
            }),
            folder.path,
        );
        assert.deepEqual(est, {
            graceDays: 14,
            repeatHours: 48,
            identityCertificates: ["pumps"],
            bootstrap: [
                {
                    group: "pumps",
                    authorityPem: folder.read("maker.pem"),
                    secrets: [
                        { device: "pump-01", sha256: digest, expires: "2027-01-31T00:00:00.000Z" },
                        { device: "pump-02", sha256: digest, expires: "2027-01-31T12:00:00.000Z" },
                    ],
                },
            ],
            container: undefined,
        });
    });

    refuses(
        () => folder.path,
        inputs([
            [
                "a key that is none",
                stack({ grace: 1 }),
                "est.grace",
                '"grace"',
                "not a setting",
                "graceDays",
            ],
            [
                "a grace without end",
                stack({ graceDays: 3651 }),
                "est.graceDays",
                "3651",
                "0 to 3650",
                "3650",
            ],
            [
                "no repetition at all",
                stack({ repeatHours: 0 }),
                "est.repeatHours",
                "0",
                "1 to 720",
                "720",
            ],
            [
                "identity certificates of a group that is not declared",
                stack({ identityCertificates: ["pumps", "valves"] }),
                "est.identityCertificates[1]",
                '"valves"',
                "name of a group",
                "groups",
            ],
            [
                "a group that is not declared",
                bootstrap({ group: "valves", secrets: "good.csv" }),
                "est.bootstrap[0].group",
                '"valves"',
                "name of a group",
                "groups",
            ],
            [
                "a bootstrap of nothing",
                bootstrap({ group: "pumps" }),
                "est.bootstrap[0].certificate",
                "(not set)",
                "required",
                "secrets",
            ],
            [
                "a leaf as the manufacturer's CA",
                bootstrap({ group: "pumps", certificate: "leaf.pem" }),
                "est.bootstrap[0].certificate",
                '"leaf.pem" (CA:FALSE)',
                "CA",
                "",
            ],
            [
                "a table with other columns",
                bootstrap({ group: "pumps", secrets: "columns.csv" }),
                "est.bootstrap[0].secrets",
                '"columns.csv" (device,secret)',
                "device, sha256, expires",
                "header",
            ],
            [
                "a secret in place of its digest, without showing it",
                bootstrap({ group: "pumps", secrets: "plain.csv" }),
                "plain.csv:2: sha256",
                "(not shown)",
                "64 hex digits",
                "sha256sum",
            ],
            [
                "a day that is not ISO 8601",
                bootstrap({ group: "pumps", secrets: "day.csv" }),
                "day.csv:2: expires",
                '"31.1.2027"',
                "the day",
                "2027-01-31",
            ],
            [
                "a device with two secrets",
                bootstrap({ group: "pumps", secrets: "twice.csv" }),
                "twice.csv:3: device",
                '"a"',
                "once",
                "delete",
            ],
        ]),
    );
});
