import { strict as assert } from "assert";
import type { SignedIn } from "../../../stacks/signIn";
import { setMocks } from "../../support/pulumiMocks";

const getClientConfig = "azuread:index/getClientConfig:getClientConfig";

/** What the program says to a directory of the azuread plugin; undefined: it goes on. */
async function refusal(cloud: string, tenantId: string | undefined): Promise<string | undefined> {
    await setMocks({}, tenantId === undefined ? {} : { [getClientConfig]: { tenantId } });
    const { confirmDirectory } = await import("../../../stacks/signIn");
    const signedIn = { cloud: { name: cloud }, tenantId: "mine" } as SignedIn;
    return confirmDirectory(signedIn).then(
        () => undefined,
        (error: Error) => error.message,
    );
}

describe("the directory of the azuread plugin", () => {
    it("that cannot be read, in a national cloud: its own setting is named", async () => {
        const said = await refusal("usgovernment", undefined);
        assert.match(said ?? "", /^sign-in to Microsoft Entra, for ci: /);
        assert.match(
            said ?? "",
            /; azuread has its own cloud setting: pulumi config set azuread:environment usgovernment$/,
        );
    });

    it("that cannot be read, in the public cloud: no setting is blamed", async () => {
        const said = await refusal("public", undefined);
        assert.match(said ?? "", /^sign-in to Microsoft Entra, for ci: /);
        assert.doesNotMatch(said ?? "", /azuread:environment/);
    });

    it("of another tenant is refused, with the setting that changes it", async () => {
        assert.match(
            (await refusal("public", "other")) ?? "",
            /pulumi config set azuread:tenantId mine$/,
        );
    });

    it("of the subscription's tenant is right", async () => {
        assert.equal(await refusal("public", "mine"), undefined);
    });
});
