import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const sha256 = "AB".repeat(32);

const device = (settings: Raw): Raw =>
    good({ devices: [{ id: "pump-1", group: "pumps", ...settings }] });
const thumb = (settings: Raw): Raw =>
    good({ devices: [{ id: "cam-1", auth: "thumbprint", ...settings }] });

describe("configuration: bad devices", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "devices as a mapping",
                good({ devices: { a: {} } }),
                "devices",
                "a mapping of 1",
                "must be a list",
                "hyphen",
            ],
            [
                "a device as text",
                good({ devices: ["pump-1"] }),
                "devices[0]",
                '"pump-1"',
                "a device must be a mapping",
                "id, group, auth",
            ],
            [
                "no ID",
                good({ devices: [{ group: "pumps" }] }),
                "devices[0].id",
                "(not set)",
                "required",
                "pump-01",
            ],
            [
                "ID with a space",
                device({ id: "sensor 3" }),
                "devices[0].id",
                '"sensor 3"',
                "ASCII letters",
                "pump-01",
            ],
            [
                "ID with a letter beyond ASCII",
                device({ id: "pümp" }),
                "devices[0].id",
                '"pümp"',
                "ASCII letters",
                "pump-01",
            ],
            [
                "ID with a slash",
                device({ id: "a/b" }),
                "devices[0].id",
                '"a/b"',
                "ASCII letters",
                "pump-01",
            ],
            [
                "ID that is a path",
                device({ id: ".." }),
                "devices[0].id",
                '".."',
                "not be . or ..",
                "pump-01",
            ],
            ["ID as a number", device({ id: 42 }), "devices[0].id", "42", "must be text", '"42"'],
            [
                "ID with a line break at the end",
                device({ id: "pump-1\n" }),
                "devices[0].id",
                '"pump-1\\n"',
                "ASCII letters",
                "pump-01",
            ],
            [
                "ID longer than a hub takes",
                thumb({ id: "c".repeat(129), thumbprints: [sha256] }),
                "devices[0].id",
                `"${"c".repeat(60)}…"`,
                "1 to 128",
                "pump-01",
            ],
            [
                "ID longer than a common name",
                device({ id: "p".repeat(65) }),
                "devices[0].id",
                `"${"p".repeat(60)}…"`,
                "at most 64 characters with auth: ca",
                "auth: thumbprint",
            ],
            [
                "ID twice",
                good({
                    devices: [
                        { id: "p", group: "pumps" },
                        { id: "p", group: "pumps" },
                    ],
                }),
                "devices[1].id",
                '"p"',
                "devices[0].id has the same one",
                "another ID",
            ],
            [
                "IDs that differ by case only",
                good({
                    devices: [
                        { id: "Pump", group: "pumps" },
                        { id: "pump", group: "pumps" },
                    ],
                }),
                "devices[1].id",
                '"pump"',
                'devices[0].id is "Pump"',
                "rename",
            ],
            [
                "unknown group",
                device({ group: "pump" }),
                "devices[0].group",
                '"pump"',
                "name of a group",
                'did you mean "pumps"?',
            ],
            [
                "no group",
                good({ devices: [{ id: "p" }] }),
                "devices[0].group",
                "(not set)",
                "required",
                "one of pumps",
            ],
            [
                "no group anywhere",
                good({ groups: {}, devices: [{ id: "p" }] }),
                "devices[0].group",
                "(not set)",
                "required",
                "declare a group",
            ],
            [
                "unknown default group",
                good({ deviceDefaults: { group: "valves" } }),
                "deviceDefaults.group",
                '"valves"',
                "name of a group",
                "known are pumps",
            ],
            [
                "misspelt default",
                good({ deviceDefaults: { tag: {} } }),
                "deviceDefaults.tag",
                '"tag"',
                "not a setting of the defaults",
                'did you mean "tags"?',
            ],
            [
                "unknown kind of authentication",
                device({ auth: "sas" }),
                "devices[0].auth",
                '"sas"',
                "ca, thumbprint",
                "known are ca",
            ],
            [
                "unknown status",
                device({ status: "disable" }),
                "devices[0].status",
                '"disable"',
                "enabled, disabled",
                'did you mean "disabled"?',
            ],
            [
                "misspelt key of a device",
                device({ thumbprint: sha256 }),
                "devices[0].thumbprint",
                '"thumbprint"',
                "not a setting of a device",
                'did you mean "thumbprints"?',
            ],
            [
                "key without a value",
                device({ csr: null }),
                "devices[0].csr",
                "(empty)",
                "must have a value",
                "delete the line",
            ],
            [
                "thumbprints of a CA-signed device",
                device({ thumbprints: [sha256] }),
                "devices[0].thumbprints",
                "a list of 1",
                "requires auth: thumbprint",
                "auth: thumbprint",
            ],
            [
                "group of a thumbprint device",
                thumb({ group: "pumps", thumbprints: [sha256] }),
                "devices[0].group",
                '"pumps"',
                "requires auth: ca",
                "delete group",
            ],
            [
                "request of a thumbprint device",
                thumb({ csr: "a.csr", thumbprints: [sha256] }),
                "devices[0].csr",
                '"a.csr"',
                "requires auth: ca",
                "delete csr",
            ],
            [
                "key generation zero",
                device({ keyGeneration: 0 }),
                "devices[0].keyGeneration",
                "0",
                "from 1",
                "from 1 to 9999",
            ],
            [
                "adopt as a word",
                device({ adopt: "ja" }),
                "devices[0].adopt",
                '"ja"',
                "true or false",
                "without quotes",
            ],
        ]),
    );
});
