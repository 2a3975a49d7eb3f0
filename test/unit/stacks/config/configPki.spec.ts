import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const group = (settings: Raw): Raw => good({ groups: { pumps: settings } });
const intermediate = (settings: Raw): Raw => group({ intermediate: settings });
const root = (settings: Raw): Raw => good({ pki: { root: settings } });
const manyGroups = Object.fromEntries(
    Array.from({ length: 13 }, (_, index) => [
        `g${index}`,
        { intermediate: { generation: 2, retain: [1] } },
    ]),
);

describe("configuration: bad values of the PKI and its groups", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "unknown trust",
                good({ pki: { trust: "leaf" } }),
                "pki.trust",
                '"leaf"',
                "intermediates, root",
                "known are intermediates, root",
            ],
            [
                "weak CA algorithm",
                good({ pki: { keyAlgorithm: "RSA-1024" } }),
                "pki.keyAlgorithm",
                '"RSA-1024"',
                "RSA-2048, RSA-3072",
                "known are RSA-2048",
            ],
            [
                "root name too long",
                root({ commonName: "R".repeat(65) }),
                "pki.root.commonName",
                `"${"R".repeat(60)}…"`,
                "1 to 64",
                "shorten",
            ],
            [
                "root for more than a century",
                root({ validityDays: 40000 }),
                "pki.root.validityDays",
                "40000",
                "from 4 to 36500",
                "36500",
            ],
            [
                "certificate for a managed root",
                root({ certificate: "root.pem" }),
                "pki.root.certificate",
                '"root.pem"',
                "requires an offline root",
                "keys: offline",
            ],
            [
                "offline root without a certificate",
                root({ keys: "offline" }),
                "pki.root.certificate",
                "(not set)",
                "required",
                "openssl req -x509",
            ],
            [
                "group name with capitals",
                good({ groups: { Pumps: {} } }),
                "groups.Pumps",
                '"Pumps"',
                "lower",
                "rename",
            ],
            [
                "group name with a space",
                good({ groups: { "a b": {} } }),
                'groups["a b"]',
                '"a b"',
                "lower",
                "certificate names",
            ],
            [
                "group without anything behind it",
                good({ groups: { pumps: null } }),
                "groups.pumps",
                "(empty)",
                "must have a value",
                "delete the line",
            ],
            [
                "groups as a list",
                good({ groups: ["pumps"] }),
                "groups",
                "a list of 1",
                "must be a mapping",
                "key: value",
            ],
            [
                "misspelt group key",
                group({ renewBefore: 3 }),
                "groups.pumps.renewBefore",
                '"renewBefore"',
                "not a setting of a group",
                'did you mean "renewBeforeDays"?',
            ],
            [
                "leaf that outlives the intermediate",
                group({ validityDays: 400, intermediate: { validityDays: 365 } }),
                "groups.pumps.validityDays",
                "400",
                "at most the 365 days",
                "groups.pumps.intermediate.validityDays",
            ],
            [
                "intermediate that outlives the root",
                intermediate({ validityDays: 4000 }),
                "groups.pumps.intermediate.validityDays",
                "4000",
                "at most 3650 days",
                "raise the root's validityDays",
            ],
            [
                "renewal window as long as the validity",
                group({ validityDays: 30, renewBeforeDays: 30 }),
                "groups.pumps.renewBeforeDays",
                "30",
                "less than validityDays (30)",
                "third",
            ],
            [
                "intermediate name too long with its generation",
                intermediate({ commonName: "I".repeat(62) }),
                "groups.pumps.intermediate.commonName",
                `"${"I".repeat(60)}…"`,
                "1 to 61",
                "G1",
            ],
            [
                "retained generation that is not earlier",
                intermediate({ generation: 2, retain: [2] }),
                "groups.pumps.intermediate.retain[0]",
                "2",
                "below the current generation (2)",
                "raise generation",
            ],
            [
                "retained generation twice",
                intermediate({ generation: 3, retain: [1, 1] }),
                "groups.pumps.intermediate.retain[1]",
                "1",
                "listed only once",
                "delete the second",
            ],
            [
                "retained generation as text",
                intermediate({ generation: 3, retain: ["one"] }),
                "groups.pumps.intermediate.retain[0]",
                '"one"',
                "number of an earlier generation",
                "retain: [1]",
            ],
            [
                "generation zero",
                intermediate({ generation: 0 }),
                "groups.pumps.intermediate.generation",
                "0",
                "from 1 to 9999",
                "from 1",
            ],
            [
                "intermediate certificates with a managed root",
                intermediate({ certificates: { "1": "a.pem" } }),
                "groups.pumps.intermediate.certificates",
                "a mapping of 1",
                "requires an offline root",
                "delete it",
            ],
            [
                "two CAs of one name",
                good({
                    groups: {
                        a: { intermediate: { commonName: "Field CA" } },
                        b: { intermediate: { commonName: "field  CA" } },
                    },
                }),
                "groups.b.intermediate.commonName",
                '"field  CA G1"',
                "group a has the same one",
                "choose another",
            ],
            [
                "more CAs than a hub takes",
                good({ groups: manyGroups }),
                "groups",
                "26 CA certificates (13 groups and their retained generations)",
                "at most 25",
                "pki.trust: root",
            ],
        ]),
    );
});
