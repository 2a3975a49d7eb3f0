import { strict as assert } from "assert";
import { chmodSync, mkdirSync } from "fs";
import { Fleet } from "../../../../cli/fleet/fleet";
import { StackFileError } from "../../../../cli/stackFiles/planConfig";
import { ProjectFolder } from "../../stacks/config/configSupport";

/** What the command line asks for, with a CLI that knows these stacks and nothing else. */
describe("npm run fleet: refused before anything is created", () => {
    const { PATH: path = "", PULUMI_BACKEND_URL: backendUrl } = process.env;
    let folder: ProjectFolder;

    beforeEach(() => {
        delete process.env.PULUMI_BACKEND_URL;
        folder = new ProjectFolder();
        folder.write("Pulumi.yaml", "name: iot-x509\nruntime: nodejs\n");
    });

    afterEach(() => {
        process.env.PATH = path;
        delete process.env.PULUMI_BACKEND_URL;
        if (backendUrl !== undefined) {
            process.env.PULUMI_BACKEND_URL = backendUrl;
        }
        folder.remove();
    });

    function settings(...lines: readonly string[]): void {
        const base = ["iot-x509:organization: Contoso", "iot-x509:location: westeurope"];
        const config = [...base, ...lines].map((line) => `  ${line}\n`).join("");
        folder.write("Pulumi.dev.yaml", `config:\n${config}`);
    }

    /** As Pulumi Cloud lists them: those outside the user's default organization with its name. */
    function stacks(...names: readonly string[]): void {
        stacksIn("https://api.pulumi.com", ...names);
    }

    function stacksIn(backend: string, ...names: readonly string[]): void {
        mkdirSync(`${folder.path}/bin`);
        const list = JSON.stringify(names.map((name) => ({ name })));
        folder.write(
            "bin/pulumi",
            `#!/bin/sh\ncase "$*" in\nwhoami*) echo '{"user":"me","url":"${backend}"}';;\n"org get-default"*) echo me;;\n"stack ls"*) echo '${list}';;\n*) echo "asked for $*" >&2; exit 9;;\nesac\n`,
        );
        chmodSync(`${folder.path}/bin/pulumi`, 0o755);
        process.env.PATH = `${folder.path}/bin:${path}`;
    }

    async function preview(stack = "dev"): Promise<unknown> {
        const options = { folder: folder.path, stack, refresh: false };
        const fleet = await Fleet.open({ ...options, say: () => undefined });
        try {
            return await fleet.preview();
        } finally {
            fleet.close();
        }
    }

    const refused = (message: RegExp) => (error: Error) => {
        assert.ok(error instanceof StackFileError, error.stack);
        assert.match(error.message, message);
        return true;
    };

    it("an encrypted list of devices, which determines the placement", async () => {
        settings("iot-x509:shards: group", "iot-x509:devices:", "  secure: AAABAAAA");
        stacks("dev");
        await assert.rejects(preview(), refused(/^iot-x509:devices is encrypted, .*in plain text/));
    });

    it("an encrypted group of one device", async () => {
        settings(
            "iot-x509:shards: group",
            "iot-x509:groups: { pumps: {} }",
            "iot-x509:deviceDefaults: { group: pumps }",
            "iot-x509:devices: [{ id: pump-01, group: { secure: AAABAAAA } }]",
        );
        stacks("dev");
        await assert.rejects(
            preview(),
            refused(
                /^iot-x509:devices\[0\]\.group is encrypted, but it determines which fleet stack/,
            ),
        );
    });

    it("encrypted shards, which would be treated as none", async () => {
        settings("iot-x509:shards: { secure: AAABAAAA }");
        stacks("dev");
        const remedy =
            /^iot-x509:shards is encrypted.*config set --plaintext iot-x509:shards VALUE$/;
        await assert.rejects(preview(), refused(remedy));
    });

    it("a stack of another organization than the one in which fleet stacks would be made", async () => {
        settings("iot-x509:shards: 2");
        stacks("acme/dev");
        const remedy =
            /"acme\/dev" is not in your default organization.*pulumi org set-default acme$/;
        await assert.rejects(preview(), refused(remedy));
        await assert.rejects(preview("acme/dev"), refused(remedy));
    });

    it("the same when the default organization has a stack of that name, too", async () => {
        settings("iot-x509:shards: 2");
        stacks("dev", "acme/dev");
        await assert.rejects(preview("acme/dev"), refused(/^the stack "acme\/dev" is not in your/));
        await assert.rejects(preview("acme/iot-x509/dev"), refused(/set-default acme$/));
        // Without an organization, or with the default one, it is there, and its state is read next.
        await assert.rejects(preview("me/iot-x509/dev"), /asked for stack export --stack dev/);
        await assert.rejects(preview(), /asked for stack export --stack dev/);
    });

    it("a stack of another project, and one of an organization where the backend has none", async () => {
        settings("iot-x509:shards: 2");
        stacksIn("file:///states", "dev");
        const project = /belongs to the project other, but this folder's project is iot-x509 —/;
        await assert.rejects(preview("organization/other/dev"), refused(project));
        await assert.rejects(preview("acme/iot-x509/dev"), refused(/which has no organizations —/));
        await assert.rejects(preview("a/b/c/dev"), refused(/is not a stack name —/));
        await assert.rejects(preview("organization/iot-x509/dev"), /asked for stack export/);
    });

    it("an organization where the backend of PULUMI_BACKEND_URL, unlike the login's, has none", async () => {
        settings("iot-x509:shards: 2");
        stacks("dev");
        process.env.PULUMI_BACKEND_URL = "file:///states";
        await assert.rejects(preview("acme/iot-x509/dev"), refused(/which has no organizations —/));
    });

    it("a stack that does not exist", async () => {
        settings("iot-x509:shards: 2");
        stacks("prod");
        await assert.rejects(preview(), refused(/"dev" does not exist — pulumi stack init dev$/));
    });
});
