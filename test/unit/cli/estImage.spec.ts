import * as assert from "assert";
import { spawnSync } from "child_process";
import { makeEstImage, removeEstImage } from "../../support/estImage";

describe("the EST service's image", () => {
    it("has every file and package that the service loads at its start", function () {
        this.timeout(60_000);
        const image = makeEstImage();
        try {
            const [node, ...rest] = image.entryPoint;
            assert.equal(node, "node");
            const { status, stdout, stderr } = spawnSync(process.execPath, [...rest, "--help"], {
                cwd: image.folder,
                env: { ...process.env, ...image.variables },
                encoding: "utf8",
            });
            assert.equal(status, 0, stderr);
            assert.match(stdout, /--bundle/);
        } finally {
            removeEstImage(image);
        }
    });
});
