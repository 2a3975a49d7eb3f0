import { strict as assert } from "assert";
import { randomUUID } from "crypto";
import { graphFinding } from "../../cli/check/graph";
import { missingActions } from "../../cli/check/permissions";
import { ArmWire } from "../support/armWire";
import { CheckedProject } from "../support/checkedProject";
import { brokenPermissions } from "./brokenPermissions";
import { brokenPlatform } from "./brokenPlatform";
import { holding } from "./brokenPrecondition";

describe("npm run check", function () {
    this.timeout(120_000);
    let wire: ArmWire;
    let project: CheckedProject;

    before(async () => (wire = await ArmWire.start()));
    after(() => wire.stop());

    beforeEach(async () => {
        await wire.azure.manage("POST", "/reset");
        project = new CheckedProject(wire);
        project.settings();
    });
    afterEach(() => project.remove());

    it("an Owner of an empty subscription: no problem found, status 0", async () => {
        project.settings({ dps: {}, hub: { name: "free-name" }, groups: { pumps: {} } });
        const { status, out, errors } = await project.check(["--stack", "trial"]);
        assert.deepEqual([status, errors], [0, ""], out);
        assert.match(out, /^Check of stack trial \(as requested\)\nok {7}login {9}a client secret/);
        assert.match(out, /names +the name "free-name" is free for a hub\n/);
        assert.match(out, /\nFound nothing that would make a first up fail\.\n$/);
        assert.doesNotMatch(out, /undefined|NaN/);
    });

    it("sends only GETs and the two name checks, and changes nothing", async () => {
        const ci = { repository: "contoso/fleet", subjects: ["ref:refs/heads/main"] };
        project.settings({ ci, dps: { name: "free-dps" }, hub: { name: "free-name" } });
        const before = await wire.azure.manage("GET", "/dump");
        await wire.azure.manage("DELETE", "/requests");
        const { status } = await project.report();
        assert.equal(status, 0);
        const { requests } = await wire.azure.manage<{
            requests: { method: string; host: string; path: string }[];
        }>("GET", "/requests");
        const others = requests
            .filter(({ method, host }) => method !== "GET" && host !== "login.microsoftonline.com")
            .map(({ method, path }) => `${method} ${path.replace(/.*\/|\?.*/g, "")}`);
        assert.deepEqual(others, [
            "POST checkNameAvailability",
            "POST checkProvisioningServiceNameAvailability",
        ]);
        assert.deepEqual(await wire.azure.manage("GET", "/dump"), before);
    });

    for (const one of [...brokenPermissions, ...brokenPlatform]) {
        it(`finds ${one.name}`, async () => {
            const { settings } = one;
            project.settings(
                typeof settings === "function" ? settings(wire) : settings,
                one.native,
            );
            const login = (await one.break?.(wire)) ?? undefined;
            const { status, findings, out } = await project.report(login, one.environment);
            const found = findings.filter(
                ({ check, severity }) => check === one.check && severity === one.severity,
            );
            assert.ok(
                found.some(
                    ({ text, remedy }) => one.text.test(text) && one.remedy.test(remedy ?? ""),
                ),
                out,
            );
            assert.equal(status, one.status, out);
        });
    }

    it("every finding that is not ok has a remedy and contains no secret", async () => {
        const login = await holding("Reader")(wire);
        project.settings({ dps: {}, hub: { sku: "F1" } });
        const { findings, out } = await project.report(login);
        assert.ok(findings.some(({ severity }) => severity === "error"));
        assert.ok(
            findings.every(({ severity, remedy }) => severity === "ok" || remedy),
            out,
        );
        assert.ok(!out.includes(login.secret));
    });

    it("reports wrong settings and arguments as plan does, without calls to Azure", async () => {
        await wire.azure.manage("DELETE", "/requests");
        project.settings({ hub: { sku: "S9" } });
        const wrong = await project.check(["--stack", "trial"]);
        assert.equal(wrong.status, 1);
        assert.match(wrong.errors, /^error: The configuration has 1 problem/);
        const option = await project.check(["--stak", "trial"]);
        assert.equal(option.status, 2);
        const { total } = await wire.azure.manage<{ total: number }>("GET", "/requests");
        assert.equal(total, 0);
    });

    it("names the host that does not answer", async () => {
        const { status, findings } = await project.report(undefined, {
            HTTPS_PROXY: "http://127.0.0.1:9",
        });
        assert.equal(status, 1);
        assert.match(findings[0].text, /^no login to Azure: /);
        assert.match(findings[0].remedy ?? "", /HTTPS_PROXY/);
    });
});

describe("check: the rights of a user in the directory", () => {
    const unasked = () => assert.fail("the tenant's policy was asked for");

    it("an Application Developer may create applications, and the tenant's policy is not read", async () => {
        const wids = ["CF1C38E5-3621-4004-A7CB-879624DCED7C"];
        const { severity, text } = await graphFinding({ wids }, true, unasked);
        assert.deepEqual([severity, /Application Developer/.test(text)], ["ok", true]);
    });

    for (const [policy, severity] of [
        [true, "ok"],
        [false, "error"],
        [undefined, "unchecked"],
    ] as const) {
        it(`everybody else depends on the tenant's policy: ${policy} is ${severity}`, async () => {
            const found = await graphFinding({ wids: [randomUUID()] }, true, async () => policy);
            assert.equal(found.severity, severity);
        });
    }
});

describe("check: what roles allow", () => {
    const action = "Microsoft.Devices/IotHubs/certificates/write";

    for (const [name, permissions, isAllowed] of [
        ["a wildcard in the middle", [{ actions: ["Microsoft.Devices/*/Write"] }], true],
        ["another case", [{ actions: ["MICROSOFT.DEVICES/iothubs/*"] }], true],
        ["taken out by notActions", [{ actions: ["*"], notActions: ["*/write"] }], false],
        [
            "taken out of one role, given by another",
            [{ actions: ["*"], notActions: ["*/write"] }, { actions: [action] }],
            true,
        ],
        ["a dot is a dot", [{ actions: ["MicrosoftXDevices/*"] }], false],
        ["data actions are none", [{ dataActions: ["*"] }], false],
        ["no role", [], false],
    ] as const) {
        it(name, () => assert.equal(missingActions(permissions, [action]).length === 0, isAllowed));
    }
});
