import { strict as assert } from "assert";
import { readdirSync, readFileSync } from "fs";
import * as path from "path";
import { load } from "js-yaml";
import { generated } from "../../../../scripts/reference";
import { Problem } from "../../../../stacks/config";
import { defaultable } from "../../../../stacks/config/schema/devices";
import { stackFileSchema } from "../../../../stacks/config/schema/jsonSchema";
import { JsonSchema, Setting } from "../../../../stacks/config/schema/model";
import { Raw } from "./configSupport";
import {
    doesNotKnow,
    faults,
    linkedHub,
    problems,
    problemsAt,
    project,
    settings,
    validate,
    withValue,
} from "./wholeStack";

describe("the reference of settings", () => {
    it("is what npm run reference writes", () => {
        for (const { file, content } of generated()) {
            assert.equal(
                readFileSync(file, "utf8"),
                content,
                `${path.basename(file)} is out of date: npm run reference`,
            );
        }
    });

    it("has every setting that Pulumi.yaml declares, with its default", () => {
        const { config } = load(readFileSync(path.join(project, "Pulumi.yaml"), "utf8")) as {
            config: Record<string, { default?: unknown }>;
        };
        assert.ok(Object.keys(config).length > 5);
        for (const [name, declared] of Object.entries(config)) {
            const setting = settings.find((one) => one.path === name);
            assert.ok(setting, `${name} is in Pulumi.yaml and not in stacks/config/schema`);
            assert.deepEqual(setting.default, declared.default, name);
        }
    });

    it("names each setting once", () => {
        assert.equal(new Set(settings.map((one) => one.path)).size, settings.length);
    });
});

describe("the schema of settings and the reader of settings", () => {
    const isUnknown = ({ rule }: Problem): boolean => rule.startsWith("is not a setting of");

    it("have the same keys: the reader knows every key of the schema", () => {
        for (const { path: where, example } of settings) {
            const found = problems(withValue(where, example)).filter(isUnknown);
            assert.deepEqual(found, [], where);
        }
        for (const key of defaultable) {
            const { example } = settings.find((one) => one.path === `devices.<device>.${key}`)!;
            const raw = withValue(`deviceDefaults.${key}`, example);
            assert.deepEqual(problems(raw).filter(isUnknown), [], key);
            assert.deepEqual(faults(raw), [], key);
        }
    });

    it("have the same keys: the reader accepts no key that the schema lacks", () => {
        const folders = ["stacks/config", "stacks/deviceKinds"].map((one) =>
            path.join(project, one),
        );
        const sources = [
            path.join(project, "stacks/config.ts"),
            ...folders.flatMap((folder) =>
                readdirSync(folder)
                    .filter((name) => name.endsWith(".ts"))
                    .map((name) => path.join(folder, name)),
            ),
        ].map((file) => readFileSync(file, "utf8"));
        const words = new Set(
            sources.flatMap((text) => [...text.matchAll(/"([A-Za-z0-9]+)"/g)].map((one) => one[1])),
        );
        assert.ok(words.size > 100);
        const mappings = [
            "",
            "hub",
            "dps",
            "dps.linkedHubs[]",
            "est",
            "est.bootstrap[]",
            "est.container",
            "pki",
            "pki.root",
            "groups.<group>",
            "groups.<group>.intermediate",
            "groups.<group>.enrollment",
            "groups.<group>.enrollment.initialTwin",
            "devices.<device>",
            "deviceDefaults",
            "ci",
            "rollover",
            "alerts",
            "shard",
        ];
        let taken = 0;
        for (const mapping of mappings) {
            const prefix = mapping === "" ? "" : `${mapping}.`;
            for (const word of words) {
                const raw = withValue(prefix + word, "?");
                const isTaken = !problemsAt(prefix + word, raw).some(isUnknown);
                const isRefusedBySchema = doesNotKnow(
                    raw,
                    prefix === "" ? `iot-x509:${word}` : word,
                );
                assert.equal(
                    isRefusedBySchema,
                    !isTaken,
                    `${prefix}${word}: reader and stacks/config/schema differ`,
                );
                taken += isTaken ? 1 : 0;
            }
        }
        const rootMappings = [
            "est.container",
            "pki.root",
            "groups.<group>.intermediate",
            "groups.<group>.enrollment",
        ];
        assert.equal(taken, settings.length + rootMappings.length + defaultable.length);
    });
});

describe("the schema of settings and the reader's rules", () => {
    /** What the reader judges by more than the value: files, names, dates, other settings, letters of all scripts. */
    const onlyTheReader = [
        "organization",
        "resourceGroupName",
        "resourceGroup",
        "location",
        "devicesFile",
        "deviceDefaults",
        "outputDevices",
        "shard",
        "shard.name",
        "hub",
        "dps",
        "hub.units",
        "dps.linkedHubs[].id",
        "est.identityCertificates",
        "est.bootstrap",
        "est.bootstrap[].group",
        "est.bootstrap[].certificate",
        "est.bootstrap[].secrets",
        "est.container.image",
        "est.container.dnsLabel",
        "est.container.registry",
        "est.container.cpu",
        "est.container.memoryGb",
        "pki",
        "pki.root.keys",
        "pki.root.certificate",
        "pki.root.proof",
        "pki.root.commonName",
        "pki.root.validityDays",
        "groups",
        "groups.<group>.validityDays",
        "groups.<group>.renewBeforeDays",
        "groups.<group>.provisioning",
        "groups.<group>.enrollment.initialTwin",
        "groups.<group>.enrollment.initialTwin.tags",
        "groups.<group>.enrollment.initialTwin.desired",
        "groups.<group>.intermediate.commonName",
        "groups.<group>.intermediate.validityDays",
        "groups.<group>.intermediate.retain",
        "groups.<group>.intermediate.certificates",
        "devices",
        "devices.<device>.id",
        "devices.<device>.auth",
        "devices.<device>.group",
        "devices.<device>.csr",
        "devices.<device>.thumbprints",
        "devices.<device>.certificates",
        "devices.<device>.tags",
    ];

    const pool: readonly unknown[] = [
        "",
        "a",
        "A",
        "aa",
        "abc",
        "ABC",
        "a-",
        "-a",
        "a.",
        " a",
        "a b",
        "DE",
        "x".repeat(40),
        "x".repeat(41),
        "x".repeat(50),
        "x".repeat(51),
        "x".repeat(64),
        "x".repeat(65),
        "x".repeat(128),
        "x".repeat(129),
        "Größe",
        "owner/name",
        "owner/",
        "/name",
        "a/b/c",
        "unlimited",
        "group",
        "individual",
        "custom",
        "Custom",
        "1.2",
        1.2,
        0,
        1,
        2,
        3,
        10,
        200,
        201,
        900,
        901,
        1000,
        1001,
        9999,
        10000,
        36499,
        36500,
        36501,
        1_000_000,
        1_000_001,
        -1,
        1.5,
        true,
        false,
        "true",
        "false",
        "yes",
        null,
        [],
        {},
        ["a"],
        ["a", "a"],
        [1],
        [1, 1],
        [null],
        { a: 1 },
        { iotX509: 1 },
        ["pull_request"],
        ["environment:a b"],
        Array.from({ length: 20 }, (_, index) => `environment:e${index}`),
        Array.from({ length: 21 }, (_, index) => `environment:e${index}`),
    ];

    /** The choices and the bounds that the schema gives, and what lies beside them. */
    function ownValues({ schema }: Pick<Setting, "schema">): unknown[] {
        const { enum: choices, const: only, anyOf, minimum, maximum } = schema;
        return [
            ...(Array.isArray(choices) ? (choices as unknown[]) : []),
            ...(only === undefined ? [] : [only]),
            ...(typeof minimum === "number" ? [minimum - 1, minimum] : []),
            ...(typeof maximum === "number" ? [maximum, maximum + 1] : []),
            ...(Array.isArray(anyOf)
                ? (anyOf as JsonSchema[]).flatMap((one) => ownValues({ schema: one }))
                : []),
        ];
    }

    /** Digits in a text are a number to both, but only the reader knows its bounds. */
    const isJudgedByBoth = (value: unknown): boolean =>
        !(typeof value === "string" && /^\d{1,15}$/.test(value));

    it("accept every example beside the settings that it needs", () => {
        const certificate = "pki/root.pem";
        const needed: Readonly<Record<string, Raw>> = {
            "pki.root.keys": { certificate },
            "pki.root.certificate": { keys: "offline" },
            "pki.root.proof": { keys: "offline", certificate },
        };
        for (const { path: where, name, example } of settings) {
            const key = name.slice(name.lastIndexOf(".") + 1);
            const container = { image: "contoso.azurecr.io/est:1.0", dnsLabel: "contoso-est" };
            const raw = where.startsWith("est.container.")
                ? withValue("est.container", { ...container, [key]: example })
                : where in needed
                  ? withValue("pki.root", { ...needed[where], [key]: example })
                  : withValue(where, example);
            assert.deepEqual(faults(raw), [], where);
        }
    });

    for (const setting of settings) {
        const { path: where, example } = setting;
        it(`agree on ${where}`, () => {
            let accepted = 0;
            for (const value of [example, ...ownValues(setting), ...pool]) {
                const raw = withValue(where, value);
                const isGood = problemsAt(where, raw).length === 0;
                const found = faults(raw);
                if (isGood && problems(raw).length === 0) {
                    assert.deepEqual(found, [], `a false alarm: ${JSON.stringify(value)}`);
                    accepted += 1;
                } else if (!isGood && !onlyTheReader.includes(where) && isJudgedByBoth(value)) {
                    assert.notDeepEqual(found, [], `not noticed: ${JSON.stringify(value)}`);
                }
            }
            assert.ok(accepted > 0 || onlyTheReader.includes(where), "no value was accepted");
        });
    }

    it("agree on keys that exclude or need each other", () => {
        const both: readonly [string, Raw][] = [
            ["hub", { name: "contoso-hub", prefix: "iot" }],
            ["dps", { name: "contoso-dps", prefix: "iot" }],
            ["pki.root", { certificate: "pki/root.pem" }],
            ["pki.root", { keys: "offline" }],
            [
                "pki.root",
                { keys: "offline", certificate: "devices/dev/gateway-01.pem", generation: 2 },
            ],
            ["dps.linkedHubs[]", { id: linkedHub().id }],
            ["ci", { repository: "contoso/fleet" }],
            ["devices.<device>", { group: "pumps" }],
            [
                "devices.<device>",
                { id: "pump-01", group: "pumps", csr: "devices/dev/pump-01.csr", keyGeneration: 2 },
            ],
        ];
        for (const [where, value] of both) {
            const raw = withValue(where, value);
            assert.notDeepEqual(problems(raw), [], where);
            assert.notDeepEqual(faults(raw), [], `${where}: ${JSON.stringify(value)}`);
        }
    });
});

describe("the sample settings files", () => {
    for (const name of ["Pulumi.dev.yaml", "Pulumi.prod.yaml"]) {
        const text = readFileSync(path.join(project, name), "utf8");

        it(`${name} is valid for an editor`, () => {
            const valid = validate(load(text));
            assert.deepEqual(validate.errors ?? [], []);
            assert.equal(valid, true);
        });

        it(`${name} names its schema, which exists`, () => {
            const [first] = text.split("\n");
            const named = /^# yaml-language-server: \$schema=(\.\/\S+)$/.exec(first)?.[1];
            assert.ok(named, first);
            const schema: unknown = JSON.parse(readFileSync(path.join(project, named), "utf8"));
            assert.deepEqual(schema, stackFileSchema());
        });
    }

    it("is refused with a mistake in it", () => {
        const config = (
            load(readFileSync(path.join(project, "Pulumi.dev.yaml"), "utf8")) as { config: Raw }
        ).config;
        const mistakes: Raw[] = [
            { "iot-x509:hubb": {} },
            { "iot-x509:hub": { sku: "S9" } },
            { "iot-x509:hub": { skuu: "S1" } },
            { "iot-x509:protect": "maybe" },
            { "iot-x509:devices": [{ group: "pumps" }] },
        ];
        for (const mistake of mistakes) {
            assert.equal(
                validate({ config: { ...config, ...mistake } }),
                false,
                JSON.stringify(mistake),
            );
        }
        assert.equal(
            validate({ config: { ...config, "azure-native:environment": "china" } }),
            true,
        );
        assert.equal(
            validate({ config: { ...config, "iot-x509:hub": { secure: "v1:AAAA" } } }),
            true,
        );
        assert.equal(validate({ config: { ...config, "iot-x509:hub": '{"units":2}' } }), true);
    });
});
