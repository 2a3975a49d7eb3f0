import { strict as assert } from "assert";
import { writeFileSync } from "fs";
import { curl } from "./estService";
import { EstTrial, secret } from "./estTrial";
import { makeCa } from "./pki";

/** What the service refuses, each with its status and its reason in the log. */
export function refusesWrongRequests(trial: EstTrial): void {
    describe("refuses", () => {
        let good: string;

        before(async () => {
            good = (await trial.request("pump-5")).file;
        });

        const renewing = (id = "pump-5") => trial.client(trial.pumps, id);

        it("a client without a certificate or a secret", async () => {
            const reply = trial.enroll("pumps", good);
            await trial.refused(401, "noCredentials", reply);
            assert.match((await reply).headers, /^WWW-Authenticate: Basic realm="est"\r?$/m);
        });

        it("a wrong secret, and one that expired", async () => {
            const by = (user: string, word: string) =>
                trial.enroll("pumps", good, undefined, "--user", `${user}:${word}`);
            await trial.refused(401, "wrongSecret", by("own-1", "guessed"));
            await trial.refused(401, "wrongSecret", by("nobody", secret));
            await trial.refused(401, "secretExpired", by("pump-5", secret));
        });

        it("a certificate of another group", async () => {
            const { file } = await trial.request("valve-1");
            await trial.refused(
                403,
                "wrongGroup",
                trial.enroll("pumps", file, await trial.client(trial.valves, "valve-1")),
            );
        });

        it("a group that does not exist", async () =>
            trial.refused(404, "unknownGroup", trial.enroll("fans", good, await renewing())));

        it("a blocked group", async () => {
            const { file } = await trial.request("old-1");
            await trial.refused(
                403,
                "groupBlocked",
                trial.enroll("old", file, await trial.client(trial.old, "old-1")),
            );
        });

        it("a disabled device", async () => {
            const { file } = await trial.request("pump-off");
            await trial.refused(
                403,
                "deviceDisabled",
                trial.enroll("pumps", file, await renewing("pump-off")),
            );
        });

        it("a device that no hub has", async () => {
            const { file } = await trial.request("pump-99");
            await trial.refused(
                403,
                "deviceUnknown",
                trial.enroll("pumps", file, await renewing("pump-99")),
            );
        });

        it("a certificate after the grace", async () =>
            trial.refused(
                403,
                "expired",
                trial.enroll("pumps", good, await trial.client(trial.pumps, "pump-5", 90, -8)),
            ));

        it("a certificate of another CA with the same names", async () => {
            const foreign = await makeCa({ commonName: "IoT Intermediate CA pumps G1" });
            const by = await trial.client(foreign, "pump-5");
            await trial.refused(403, "untrustedIssuer", trial.enroll("pumps", good, by));
        });

        it("a certificate long before its end", async () => {
            const reply = trial.enroll(
                "pumps",
                good,
                await trial.client(trial.pumps, "pump-5", 10, 80),
            );
            await trial.refused(403, "tooEarly", reply);
            assert.match((await reply).headers, /^Retry-After: \d+\r?$/m);
        });

        it("a request with another common name", async () => {
            const { file } = await trial.request("pump-1");
            await trial.refused(403, "otherName", trial.enroll("pumps", file, await renewing()));
        });

        it("a weak key", async () => {
            const { file } = await trial.request("valve-1", ["rsa:1024"]);
            await trial.refused(
                400,
                "weakKey",
                trial.enroll("valves", file, await trial.client(trial.valves, "valve-1")),
            );
        });

        it("garbage, and base64 of something else", async () => {
            for (const text of ["\0\u0001 garbage", Buffer.from("hello").toString("base64")]) {
                const file = trial.deployment.project.file("garbage");
                writeFileSync(file, text);
                const by = await trial.client(trial.valves, "valve-1");
                await trial.refused(400, "badRequest", trial.enroll("valves", file, by));
            }
        });

        it("a body that is too large, also without a length", async () => {
            const file = trial.deployment.project.file("large");
            writeFileSync(file, "A".repeat(100_000));
            const by = await trial.client(trial.valves, "valve-1");
            await trial.refused(413, "tooLarge", trial.enroll("valves", file, by));
            const chunked = ["-H", "Transfer-Encoding: chunked"];
            await trial.refused(413, "tooLarge", trial.enroll("valves", file, by, ...chunked));
        });

        it("other media types, methods and paths", async () => {
            const by = await trial.client(trial.valves, "valve-1");
            const url = (end: string) => `${trial.service.address}/.well-known/est/${end}`;
            await trial.refused(
                415,
                "wrongType",
                curl(
                    trial.serverCa,
                    url("valves/simplereenroll"),
                    ...["--data-binary", `@${good}`, "-H", "Content-Type: text/plain"],
                    ...["--cert", by.certificate, "--key", by.key],
                ),
            );
            await trial.refused(
                405,
                "wrongMethod",
                curl(trial.serverCa, url("valves/simpleenroll")),
            );
            await trial.refused(
                404,
                "unknownPath",
                curl(trial.serverCa, url("valves/serverkeygen")),
            );
            await trial.refused(404, "unknownPath", curl(trial.serverCa, url("cacerts")));
        });

        it("a device that asks too often", async () => {
            const by = await trial.client(trial.valves, "valve-1");
            const { file } = await trial.request("pump-1");
            for (let asked = 0; asked < 12; asked++) {
                const { status } = await trial.enroll("valves", file, by);
                if (status === 429) {
                    return;
                }
            }
            assert.fail("it was never refused");
        });
    });
}
