/*
 * The policy pack: `pulumi preview --policy-pack policy`. README.md lists its rules and their settings.
 */
import { PolicyConfigSchema, PolicyPack, StackValidationPolicy } from "@pulumi/policy";
import { Config } from "@pulumi/pulumi";
import { heldResources } from "./heldState";
import { ownIntermediate, verifiedCas } from "./rules/authorities";
import { renewalWindows, RenewalBounds, validity, ValidityBounds } from "./rules/certificates";
import { ChangeBounds, protectedStack } from "./rules/changes";
import { KeySizeBounds, keySizes, noSharedKeys, SharedKeyBounds } from "./rules/keys";
import { NameBounds, names, TlsBounds, tlsFloor } from "./rules/platform";
import { Rule, stackResources } from "./stack";

type Setting = PolicyConfigSchema["properties"][string];

interface Declared<Bounds> {
    readonly name: string;
    readonly description: string;
    readonly remedy: string;
    readonly rule: Rule<Bounds>;
    /** Settings and their defaults. */
    readonly settings: { readonly [Name in keyof Bounds]: Setting };
}

function policy<Bounds extends object>(declared: Declared<Bounds>): StackValidationPolicy {
    const { name, description, remedy, rule, settings } = declared;
    return {
        name,
        description,
        remediationSteps: remedy,
        enforcementLevel: "mandatory",
        ...(Object.keys(settings).length > 0 && { configSchema: { properties: settings } }),
        validateStack: (args, report) =>
            rule(stackResources(args), args.getConfig<Bounds>()).forEach(({ message, urn }) =>
                report(message, urn),
            ),
    };
}

const days = (value: number): Setting => ({
    type: "integer",
    minimum: 1,
    default: value,
});
const count: Setting = { type: "integer", minimum: 0, default: 0 };
const bits = (value: number): Setting => ({
    type: "integer",
    minimum: 2048,
    default: value,
});
const pattern = (value: string): Setting => ({ type: "string", default: value });
const texts = (value: string[]): Setting => ({
    type: "array",
    items: { type: "string" },
    default: value,
});
/** Whether devices removed from the settings are deleted; otherwise they stay on the hub, disabled. */
const arePruned = (): boolean => new Config("iot-x509").getBoolean("pruneDevices") ?? true;
const lowerCase = "^[a-z][a-z0-9-]*$";

new PolicyPack("iot-x509", {
    policies: [
        policy<object>({
            name: "ca-verified",
            description: "Every CA on a hub or provisioning service is verified.",
            remedy: "Prove possession of its key: by the program, or offline with a signed verification code.",
            rule: verifiedCas,
            settings: {},
        }),
        policy<object>({
            name: "own-intermediate",
            description: "Each group signs with an intermediate of its own.",
            remedy: "Give each group its own intermediate, so that it can be cut off without the others.",
            rule: ownIntermediate,
            settings: {},
        }),
        policy<SharedKeyBounds>({
            name: "no-shared-keys",
            description:
                "Nobody logs in with a shared access key, and no two devices have one key.",
            remedy: "Set hub.localAuth: false; give each device its own key.",
            rule: noSharedKeys,
            settings: { allowedPolicies: texts(["iot-x509-dps"]) },
        }),
        policy<KeySizeBounds>({
            name: "key-size",
            description: "Keys of CAs and devices are large enough and on known curves.",
            remedy: "Set keyAlgorithm of pki, of the group or of its intermediate.",
            rule: keySizes,
            settings: {
                minRsaBits: bits(2048),
                minCaRsaBits: bits(3072),
                curves: texts(["P256", "P384", "P521"]),
            },
        }),
        policy<ValidityBounds>({
            name: "validity",
            description: "Certificates last no longer than they should.",
            remedy: "Lower validityDays of the group, of its intermediate or of the root.",
            rule: validity,
            settings: {
                maxDeviceDays: days(730),
                maxIntermediateDays: days(3650),
                maxRootDays: days(7300),
            },
        }),
        policy<RenewalBounds>({
            name: "renewal-window",
            description:
                "Devices have time to get their next certificate, and do not renew all the time.",
            remedy: "Change renewBeforeDays of the group.",
            rule: renewalWindows,
            settings: {
                minDays: days(7),
                maxShare: { type: "number", minimum: 0, maximum: 1, default: 0.67 },
            },
        }),
        policy<TlsBounds>({
            name: "tls-floor",
            description: "Hubs and event hubs accept no TLS version below the floor.",
            remedy: "Set hub.minTlsVersion; it is fixed when the hub is made.",
            rule: tlsFloor,
            settings: { floor: { type: "string", enum: ["1.2", "1.3"], default: "1.2" } },
        }),
        policy<NameBounds>({
            name: "names",
            description: "Names follow the patterns that people and scripts rely on.",
            remedy: "Rename what does not match, or change the pattern.",
            rule: names,
            settings: {
                hub: pattern(lowerCase),
                service: pattern(lowerCase),
                resourceGroup: pattern("^[A-Za-z][A-Za-z0-9-]*$"),
                group: pattern(lowerCase),
                device: pattern("^[a-z0-9][a-z0-9.:_-]*$"),
            },
        }),
        policy<ChangeBounds & { readonly organization: string }>({
            name: "protected-stack",
            description:
                "In a protected stack nothing is adopted, deleted or replaced beyond a number.",
            remedy: "Change fewer at a time, or raise the number for the run that is meant to.",
            rule: (resources, { organization, ...bounds }) => {
                const [first] = resources;
                return first === undefined
                    ? []
                    : protectedStack(
                          resources,
                          heldResources(first.urn, organization),
                          arePruned(),
                          bounds,
                      );
            },
            settings: {
                maxAdopted: count,
                maxDeleted: count,
                maxReplaced: count,
                organization: { type: "string", default: "organization" },
            },
        }),
    ],
});
