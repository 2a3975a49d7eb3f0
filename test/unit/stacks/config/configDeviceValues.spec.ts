import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const sha256 = "AB".repeat(32);
const sha1 = "AB".repeat(20);

const device = (settings: Raw): Raw =>
    good({ devices: [{ id: "pump-1", group: "pumps", ...settings }] });
const thumb = (settings: Raw): Raw =>
    good({ devices: [{ id: "cam-1", auth: "thumbprint", ...settings }] });
const tagged = (tags: unknown): Raw => device({ tags });
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

describe("configuration: bad thumbprints and tags", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "thumbprint device without one",
                thumb({}),
                "devices[0].thumbprints",
                "(not set)",
                "required",
                "certificates",
            ],
            [
                "no thumbprint in the list",
                thumb({ thumbprints: [] }),
                "devices[0].thumbprints",
                "a list of 0",
                "one item, or two",
                "current one",
            ],
            [
                "three thumbprints",
                thumb({ thumbprints: [sha256, "CD".repeat(32), "EF".repeat(32)] }),
                "devices[0].thumbprints",
                "a list of 3",
                "one item, or two",
                "next one",
            ],
            [
                "thumbprint not in a list",
                thumb({ thumbprints: sha256 }),
                "devices[0].thumbprints",
                `"${sha256.slice(0, 60)}…"`,
                "must be a list",
                "hyphen",
            ],
            [
                "SHA-1 thumbprint",
                thumb({ thumbprints: [sha1] }),
                "devices[0].thumbprints[0]",
                `"${sha1}"`,
                "SHA-1 is refused",
                "allowSha1Thumbprints: true",
            ],
            [
                "thumbprint with a digit missing",
                thumb({ thumbprints: [sha256.slice(1)] }),
                "devices[0].thumbprints[0]",
                `"${sha256.slice(1, 61)}…"`,
                "64 hex digits",
                "-fingerprint -sha256",
            ],
            [
                "thumbprint with hyphens",
                thumb({ thumbprints: [Array(32).fill("AB").join("-")] }),
                "devices[0].thumbprints[0]",
                `"${Array(32).fill("AB").join("-").slice(0, 60)}…"`,
                "64 hex digits",
                "openssl x509",
            ],
            [
                "thumbprint with a letter that is no digit",
                thumb({ thumbprints: [`${sha256.slice(2)}XY`] }),
                "devices[0].thumbprints[0]",
                `"${sha256.slice(0, 60)}…"`,
                "64 hex digits",
                "openssl x509",
            ],
            [
                "thumbprint as a number",
                thumb({ thumbprints: [12] }),
                "devices[0].thumbprints[0]",
                "12",
                "must be text",
                "quotes",
            ],
            [
                "secondary like the primary, in other letters",
                thumb({ thumbprints: [sha256, sha256.toLowerCase()] }),
                "devices[0].thumbprints[1]",
                `"${sha256.toLowerCase().slice(0, 60)}…"`,
                "must differ from the primary",
                "delete",
            ],
            [
                "one thumbprint on two devices",
                good({
                    devices: ["a", "b"].map((id) => ({
                        id,
                        auth: "thumbprint",
                        thumbprints: [sha256],
                    })),
                }),
                "devices[1].thumbprints[0]",
                `"${sha256.slice(0, 60)}…"`,
                "a has the same one",
                "each device",
            ],
            [
                "thumbprints and certificates",
                thumb({ thumbprints: [sha256], certificates: ["a.pem"] }),
                "devices[0].certificates",
                "a list of 1",
                "exclude each other",
                "delete one",
            ],
            [
                "tags as a list",
                tagged(["a"]),
                "devices[0].tags",
                "a list of 1",
                "must be a mapping",
                "key: value",
            ],
            [
                "tag with a dot in its name",
                tagged({ "a.b": 1 }),
                'devices[0].tags["a.b"]',
                '"a.b"',
                "must not contain a dot, dollar, space",
                "rename",
            ],
            [
                "tag with a dollar in its name",
                tagged({ $a: 1 }),
                'devices[0].tags["$a"]',
                '"$a"',
                "must not contain a dot, dollar, space",
                "rename",
            ],
            [
                "tag without a value",
                tagged({ site: null }),
                "devices[0].tags.site",
                "(empty)",
                "must have a value",
                "delete the line",
            ],
            [
                "the program's own tag",
                tagged({ iotX509: 1 }),
                "devices[0].tags.iotX509",
                "1",
                "reserved for this program",
                "another name",
            ],
            [
                "tag number beyond the twin's range",
                tagged({ n: 4503599627370496 }),
                "devices[0].tags.n",
                "4503599627370496",
                "4503599627370495",
                "in quotes",
            ],
            [
                "tag text longer than 4 KB",
                tagged({ t: "x".repeat(4097) }),
                "devices[0].tags.t",
                `"${"x".repeat(60)}…"`,
                "4096 bytes",
                "shorten",
            ],
            [
                "tag name longer than 1 KB",
                tagged({ ["k".repeat(1025)]: 1 }),
                "devices[0].tags",
                `"${"k".repeat(60)}…"`,
                "1024 bytes",
                "shorten",
            ],
            [
                "tags beyond 8 KB",
                tagged({ a: "x".repeat(4096), b: "x".repeat(4095) }),
                "devices[0].tags",
                "8193 bytes",
                "at most 8192 bytes",
                "queries",
            ],
            [
                "tags eleven levels deep",
                tagged(deep(12)),
                `devices[0].tags${".a".repeat(11)}`,
                "a mapping of 1",
                "10 levels",
                "flatten",
            ],
        ]),
    );
});
