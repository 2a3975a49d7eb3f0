import { Device, Hub } from "../hub/model";
import { isSignedBy, parseSharedAccessSignature } from "../hub/sharedAccess";
import { Refusal } from "../x509/refusals";

export interface SharedAccessQuestion {
    readonly hub: Hub;
    readonly device: Device;
    /** The MQTT password. */
    readonly password: string;
    /** Host names under which a token may name the hub. */
    readonly hostNames: readonly string[];
    /** Milliseconds since the epoch. */
    readonly now: number;
}

/** A valid token: whose key signed it, and when it expires (milliseconds since the epoch). */
export interface SharedAccessProof {
    readonly scope: "device" | "hub";
    readonly expires: number;
}

/**
 * Checks a password that is a shared access signature made with the device's own keys, or with those of a hub policy
 * with DeviceConnect (Azure docs: iot-hub-dev-guide-sas).
 *
 * @throws Refusal
 */
export function authenticateSharedAccess(question: SharedAccessQuestion): SharedAccessProof {
    const { hub, device, password, hostNames, now } = question;
    if (hub.properties.disableLocalAuth || hub.properties.disableDeviceSAS) {
        const which = hub.properties.disableLocalAuth ? "disableLocalAuth" : "disableDeviceSAS";
        throw new Refusal(
            "sasDisabled",
            `hub ${hub.name} does not accept shared access signatures from devices (${which}); use a ` +
                `certificate`,
        );
    }
    const token = parseSharedAccessSignature(password);
    if (token === undefined) {
        throw new Refusal(
            "sasMalformed",
            "the password is not of the form SharedAccessSignature sr=…&sig=…&se=…[&skn=…]",
        );
    }
    const resource = `/devices/${device.deviceId}`;
    const isHub = hostNames.some((host) => covers(host, "", token.resource));
    const isDevice = hostNames.some((host) => covers(host, resource, token.resource));
    if (!isDevice && !(isHub && token.policy !== undefined)) {
        throw new Refusal(
            "sasWrongResource",
            `the token is for "${token.resource}", not for "${hostNames[0]}${resource}"`,
        );
    }
    if (!isSignedBy(token, signingKeys(hub, device, token.policy))) {
        throw new Refusal(
            "sasWrongKey",
            token.policy === undefined
                ? `the token is not signed with the primary or secondary key of ${device.deviceId}`
                : `the token is not signed with a key of policy "${token.policy}"`,
        );
    }
    if (token.expiry * 1000 <= now) {
        throw new Refusal(
            "sasExpired",
            `the token expired at ${new Date(token.expiry * 1000).toISOString()}; create a new one`,
        );
    }
    return {
        scope: token.policy === undefined ? "device" : "hub",
        expires: token.expiry * 1000,
    };
}

/** Host names are case-insensitive; device IDs are not. */
function covers(host: string, path: string, resource: string): boolean {
    const [givenHost, ...rest] = resource.split("/");
    const givenPath = rest.length === 0 ? "" : `/${rest.join("/")}`;
    return givenHost.toLowerCase() === host.toLowerCase() && givenPath === path;
}

function signingKeys(
    hub: Hub,
    device: Device,
    policyName: string | undefined,
): (string | null | undefined)[] {
    if (policyName === undefined) {
        const { primaryKey, secondaryKey } = device.authentication.symmetricKey;
        return [primaryKey, secondaryKey];
    }
    const policy = hub.policies.find((one) => one.keyName === policyName);
    if (policy === undefined) {
        throw new Refusal("sasUnknownPolicy", `hub ${hub.name} has no policy "${policyName}"`);
    }
    if (!/\bDeviceConnect\b/i.test(policy.rights)) {
        throw new Refusal(
            "sasPolicyLacksDeviceConnect",
            `policy "${policyName}" lacks the right DeviceConnect`,
        );
    }
    return [policy.primaryKey, policy.secondaryKey];
}
