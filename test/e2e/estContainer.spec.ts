import * as assert from "assert";
import { execFileSync } from "child_process";
import { writeFileSync } from "fs";
import * as path from "path";
import { Deployment } from "../support/deployment";
import { makeEstImage, removeEstImage } from "../support/estImage";
import { curl, EstProcess } from "../support/estService";
import { armRequest } from "../support/iotHubClient";

interface Exported {
    readonly deployment: {
        readonly resources: readonly {
            readonly type: string;
            readonly id?: string;
            readonly inputs?: object;
        }[];
    };
}

/** The emulator runs no container: the image's files run beside it, from the bundle that the group mounts. */
describe("est.container", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "estcontainer", {
            est: {
                container: { image: "ghcr.io/contoso/est:1.0", dnsLabel: "contoso-est-e2e" },
            },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [{ id: "pump-1", group: "pumps" }],
        });
        await deployment.up();
    });

    after(() => deployment?.project.remove());

    it("the image's files serve from the bundle alone, below the stack's root, and ask the hub", async () => {
        const image = makeEstImage();
        const [bundle, root, key, request, chain] = [
            ...["bundle.json", "root.pem", "device.key", "request.der", "device.pem"],
        ].map((name) => path.join(image.folder, name));
        const { location, volumes } = await containerGroup(deployment);
        writeFileSync(bundle, mountedBundle(volumes.plaintext), { mode: 0o600 });
        const service = await EstProcess.run(
            [
                ...image.entryPoint,
                ...["--bundle", bundle, "--audit", "-"],
                ...["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0"],
            ],
            image.folder,
            { ...process.env, ...image.variables },
        );
        try {
            writeFileSync(root, await deployment.rootCertificate());
            const { port } = new URL(service.address);
            const name = `contoso-est-e2e.${location}.azurecontainer.io`;
            const url = `https://${name}:${port}/.well-known/est/pumps`;
            const here = ["--resolve", `${name}:${port}:127.0.0.1`];
            assert.equal((await curl(root, `${url}/cacerts`, ...here)).status, 200);

            const { devices } = await deployment.outputs();
            writeFileSync(key, devices["pump-1"].privateKey, { mode: 0o600 });
            writeFileSync(chain, devices["pump-1"].chain);
            const made = ["req", "-new", "-key", key, "-subj", "/CN=pump-1", "-outform", "DER"];
            writeFileSync(request, execFileSync("openssl", made).toString("base64"));
            const early = await curl(
                root,
                `${url}/simplereenroll`,
                ...here,
                ...["--cert", chain, "--key", key, "--data-binary", `@${request}`],
                ...["--header", "Content-Type: application/pkcs10"],
            );
            // The window of renewal is looked at after the hub's identity.
            assert.deepEqual([early.status, early.body], [403, "tooEarly\n"]);
        } finally {
            await service.stop();
            removeEstImage(image);
        }
    });

    it("is a group with an identity and no secret that Azure shows or the state has in clear; nothing changes after; destroy removes it", async () => {
        const exported = await deployment.pulumi("stack", "export");
        const { resources } = (JSON.parse(exported) as Exported).deployment;
        const group = resources.find(({ type }) => type.endsWith(":ContainerGroup"));
        assert.ok(group?.id, "no container group");
        assert.ok(
            !JSON.stringify(resources).includes("bundle.json"),
            "the bundle is in clear in the state",
        );
        const address = `${group.id.replace(/^\/subscriptions\/[^/]+/, "")}?api-version=2024-05-01-preview`;
        const shown = await armRequest(deployment.arm, "GET", address);
        assert.equal(shown.status, 200);
        const text = JSON.stringify(shown.body);
        assert.match(text, /contoso-est-e2e\.[a-z0-9]+\.azurecontainer\.io/);
        assert.ok(!text.includes("bundle.json"));
        assert.deepEqual(await deployment.plan(), []);
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
        await deployment.pulumi("destroy", "--yes", "--skip-preview");
        const gone = await armRequest(deployment.arm, "GET", address);
        assert.equal(gone.status, 404);
    });
});

interface ContainerGroup {
    readonly location: string;
    /** JSON, which the state keeps encrypted. */
    readonly volumes: { readonly plaintext: string };
}

async function containerGroup(deployment: Deployment): Promise<ContainerGroup> {
    const exported = await deployment.pulumi("stack", "export", "--show-secrets");
    const { resources } = (JSON.parse(exported) as Exported).deployment;
    const { inputs } = resources.find(({ type }) => type.endsWith(":ContainerGroup")) ?? {};
    return inputs as ContainerGroup;
}

/** The file that the container group mounts. */
function mountedBundle(volumes: string): Buffer {
    const [{ secret }] = JSON.parse(volumes) as { secret: Record<string, string> }[];
    return Buffer.from(secret["bundle.json"], "base64");
}
