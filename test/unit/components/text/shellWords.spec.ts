import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { existsSync } from "fs";
import * as paths from "path";
import * as fc from "fast-check";
import { AzureError } from "../../../../components/azure/client";
import { DataPlaneAccess } from "../../../../components/azure/dataPlaneAccess";
import { inspectCsr } from "../../../../components/x509/csr";
import { shellWord, subjectWord } from "../../../../components/text/shellWords";
import { findPlatform } from "../../../../cli/fleet/platform";
import { planFleet } from "../../../../cli/plan/plan";
import { fleetStackError } from "../../../../cli/stackFiles/planConfig";
import { readSettings } from "../../../../stacks/config";
import { refuseFleetStackAlone } from "../../../../stacks/platformReference";
import { platformOutput } from "../../../../stacks/shards";
import { good, problemsOf, ProjectFolder, Raw } from "../../stacks/config/configSupport";

const nasty = [
    "a b",
    "$(touch x)",
    "it's",
    ";rm",
    "`touch x`",
    '"',
    "a\nb",
    "\\",
    "!!",
    "~",
    "*",
    "",
];

describe("commands in messages, pasted into a shell", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    /** What a shell makes of words: one line for each. */
    const words = (text: string): string =>
        execFileSync("sh", ["-c", `printf '%s\\n' ${text}`], { cwd: folder.path }).toString();

    function part(text: string, pattern: RegExp): string {
        return pattern.exec(text)?.[1] ?? assert.fail(`${pattern} is not in: ${text}`);
    }

    it("any value is one word, and nothing in it is executed", () => {
        for (const value of nasty) {
            assert.equal(words(shellWord(value)), `${value}\n`);
        }
        fc.assert(
            fc.property(fc.string({ unit: "binary" }), (text) => {
                const value = text.replace(/\0/g, "");
                assert.equal(words(`${shellWord(value)} end`), `${value}\nend\n`);
            }),
            { numRuns: 10 },
        );
        assert(!existsSync(paths.join(folder.path, "x")));
    });

    it("simple words stay unquoted", () => {
        for (const plain of ["dev", "iot-x509:hub.units", "/CN=pump-01", "a@b%c+d=e,f_G"]) {
            assert.equal(shellWord(plain), plain);
        }
    });

    it("OpenSSL creates the intended subject", () => {
        const organization = 'O\'Neil/Sons + $(touch x); \\ "Co"';
        const subject = subjectWord([
            ["O", organization],
            ["CN", "a b"],
        ]);
        const shown = execFileSync(
            "sh",
            [
                "-c",
                `openssl req -new -newkey rsa:2048 -nodes -keyout key -out csr -subj ${subject} && ` +
                    "openssl req -in csr -noout -subject -nameopt utf8,sep_multiline,sname",
            ],
            { cwd: folder.path, stdio: ["ignore", "pipe", "ignore"] },
        ).toString();
        assert.match(shown, /^ +CN=a b$/m);
        assert(shown.includes(` O=${organization}\n`), shown);
    });

    it("a device's ID in the commands that make a request", () => {
        for (const id of ["$(touch)", "it's", "a!b", "pump-01"]) {
            const [missing] = problemsOf(
                good({ devices: [{ id, group: "pumps", csr: "none.csr" }] }),
                folder.path,
            );
            const given = words(part(missing.remedy, /-subj (.*) -out/));
            assert.equal(given, `/CN=${id}\n`);
        }
        folder.openssl(
            "req -new -newkey rsa:2048 -nodes -keyout other -out other.csr -subj /CN=other",
        );
        const { findings } = inspectCsr(Buffer.from(folder.read("other.csr")), "it's");
        assert.equal(words(part(findings[0].remedy, /-subj (.*) -out/)), "/CN=it's\n");
    });

    it("an organization in the command that makes a root", () => {
        const pki = { root: { keys: "offline" } };
        const organization = "it's; $(touch x)";
        const [{ remedy }] = problemsOf(good({ organization, pki }), folder.path);
        const given = words(part(remedy, /-subj (.*) -addext basic/));
        assert.equal(given, `/O=${organization}/CN=IoT Root CA\n`);
    });

    it("a resource ID of Azure, with the role's name", async () => {
        const access = new DataPlaneAccess({
            hostName: "hub.example",
            resourceId: "/subscriptions/a/resourceGroups/it's (new);rm",
            role: "IoT Hub Data Contributor",
            waitSeconds: 0,
        });
        const refused = () => Promise.reject(new AzureError(403, undefined, "refused"));
        await assert.rejects(access.whenGranted(refused), ({ message }: Error) => {
            assert.equal(
                words(part(message, /--role (.*) --assignee-object-id/)),
                "IoT Hub Data Contributor\n",
            );
            assert.equal(
                words(part(message, /--scope (.*)/)),
                "/subscriptions/a/resourceGroups/it's (new);rm\n",
            );
            return true;
        });
    });

    it("a stack's name in advice, refusals and remedies", async () => {
        const fleet: Raw[] = Array.from({ length: 3000 }, (_, n) => ({
            id: `d-${n}`,
            group: "pumps",
        }));
        for (const stack of ["a b", "$(touch x)", "it's", ";rm"]) {
            const settings = readSettings(good({ devices: fleet }), folder.path);
            const { advice } = planFleet(settings, { cores: 2, stack });
            const actions = advice.map(({ action }) => action).filter((a) => a.includes("--stack"));
            assert(actions.length > 0);
            for (const action of actions) {
                assert.equal(words(part(action, /--stack (.*?) --/)), `${stack}\n`);
            }
            assert.equal(
                words(part(fleetStackError("x", stack).message, /--stack (.*)$/)),
                `${stack}\n`,
            );
            assert.throws(
                () => refuseFleetStackAlone({ [platformOutput]: stack }),
                ({ message }: Error) => {
                    assert.equal(words(part(message, /up --stack (.*)"/)), `${stack}\n`);
                    return true;
                },
            );
            const cli = { defaultOrganization: async () => undefined, stacks: async () => [] };
            await assert.rejects(findPlatform(stack, "iot-x509", cli), ({ message }: Error) => {
                assert.equal(words(part(message, /stack init (.*)$/)), `${stack}\n`);
                return true;
            });
        }
        assert(!existsSync(paths.join(folder.path, "x")));
    });
});
