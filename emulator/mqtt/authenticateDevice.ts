import { X509Certificate } from "crypto";
import { Settings } from "../core/settings";
import { Device, Hub } from "../hub/model";
import { certificateFacts } from "../x509/certificate";
import { dateProblem } from "../x509/pathValidation";
import { validateChain } from "./validateChain";
import { authenticateSharedAccess } from "./authenticateSharedAccess";
import { Refusal } from "../x509/refusals";

/** The credentials of a device, from its CONNECT packet and its TLS connection. */
export interface Credentials {
    /** The certificates that the client sent in TLS, leaf first. */
    readonly presented: readonly X509Certificate[];
    /** The MQTT password; empty when there was none. */
    readonly password: string;
    /** Host names by which the client may name the hub. */
    readonly hostNames: readonly string[];
    /** As Node names it, e.g. `TLSv1.3`. */
    readonly tlsVersion: string;
}

/** How a device authenticated. */
export interface Proof {
    readonly kind: "x509CertificateAuthority" | "x509Certificate" | "sas";
    /** Value of `iothub-connection-auth-method` (Azure docs: iot-hub-devguide-messages-construct). */
    readonly authMethod: string;
    /** SHA-256 fingerprint of the hub's CA that the chain led to. */
    readonly anchor?: string;
    /** When the proof expires, in milliseconds since the epoch; only tokens expire. */
    readonly expires?: number;
}

/**
 * Decides whether a device of a hub may connect. Pure: time and settings are passed in.
 *
 * @param device what the registry holds under the device ID, if anything
 * @param now milliseconds since the epoch
 * @throws Refusal
 */
export function authenticateDevice(
    hub: Hub,
    deviceId: string,
    device: Device | undefined,
    credentials: Credentials,
    now: number,
    settings: Settings,
): Proof {
    checkHub(hub, credentials.tlsVersion);
    if (device === undefined) {
        throw new Refusal(
            "deviceUnknown",
            `hub ${hub.name} has no device "${deviceId}" (device IDs are case-sensitive); register it`,
        );
    }
    if (device.status !== "enabled") {
        const why = device.statusReason ? `: ${device.statusReason}` : "";
        throw new Refusal("deviceDisabled", `device ${deviceId} is disabled${why}; enable it`);
    }
    const { presented, password } = credentials;
    if (device.authentication.type === "sas") {
        return proveWithToken(hub, device, credentials, now);
    }
    if (password !== "") {
        throw new Refusal(
            "authenticationTypeMismatch",
            `the device sent a password, but ${deviceId} has authentication type ` +
                `${device.authentication.type}; connect with its certificate and no password`,
        );
    }
    if (presented.length === 0) {
        throw new Refusal(
            "certificateMissing",
            `the client sent no certificate in TLS, but ${deviceId} has authentication type ` +
                `${device.authentication.type}; configure the client with its certificate and key`,
        );
    }
    if (device.authentication.type === "selfSigned") {
        checkThumbprint(device, presented[0], now, settings);
        return { kind: "x509Certificate", authMethod: authMethod("device", "x509") };
    }
    const anchor = validateChain({ hub, deviceId, presented, now, settings });
    return {
        kind: "x509CertificateAuthority",
        authMethod: authMethod("device", "x509"),
        anchor,
    };
}

function checkHub(hub: Hub, tlsVersion: string): void {
    if (hub.state !== "Active") {
        throw new Refusal(
            "hubNotActive",
            `hub ${hub.name} is ${hub.state}; wait until it is Active`,
        );
    }
    const wanted = hub.properties.minTlsVersion;
    if (wanted !== undefined && Number(tlsVersion.replace("TLSv", "")) < Number(wanted)) {
        throw new Refusal(
            "tlsVersionTooLow",
            `hub ${hub.name} requires TLS ${wanted} or newer (minTlsVersion); the client used ${tlsVersion}`,
        );
    }
}

function proveWithToken(hub: Hub, device: Device, credentials: Credentials, now: number): Proof {
    const { presented, password, hostNames } = credentials;
    if (password === "") {
        throw presented.length > 0
            ? new Refusal(
                  "authenticationTypeMismatch",
                  `the client sent a certificate and no password, but ${device.deviceId} has ` +
                      `authentication type sas; give it type certificateAuthority or selfSigned`,
              )
            : new Refusal(
                  "credentialsMissing",
                  "the client sent neither a certificate nor a password",
              );
    }
    const proof = authenticateSharedAccess({ hub, device, password, hostNames, now });
    return {
        kind: "sas",
        authMethod: authMethod(proof.scope, "sas"),
        expires: proof.expires,
    };
}

/** Thumbprint authentication checks only the thumbprint and the dates, not the signer (Azure/iotedge#621). */
function checkThumbprint(
    device: Device,
    leaf: X509Certificate,
    now: number,
    settings: Settings,
): void {
    const { primaryThumbprint, secondaryThumbprint } = device.authentication.x509Thumbprint;
    const registered = [primaryThumbprint, secondaryThumbprint].flatMap((one) =>
        one ? [one.toUpperCase()] : [],
    );
    if (registered.length === 0) {
        throw new Refusal(
            "thumbprintNotSet",
            `device ${device.deviceId} has authentication type selfSigned but no thumbprint`,
        );
    }
    const sha1 = leaf.fingerprint.split(":").join("");
    const sha256 = leaf.fingerprint256.split(":").join("");
    if (!registered.includes(sha1) && !registered.includes(sha256)) {
        const signedByOther = leaf.subject !== leaf.issuer;
        const hint = signedByOther
            ? `; the certificate is signed by a CA: give the device type certificateAuthority if ` +
              `that is intended`
            : "";
        throw new Refusal(
            "thumbprintMismatch",
            `the certificate's thumbprint (SHA-1 ${sha1}, SHA-256 ${sha256}) is neither the primary ` +
                `nor the secondary of device ${device.deviceId}${hint}`,
        );
    }
    if (settings.checkThumbprintDates) {
        const problem = dateProblem(certificateFacts(leaf), "leaf", now);
        if (problem !== undefined) {
            throw problem;
        }
    }
}

function authMethod(scope: "device" | "hub", type: "x509" | "sas"): string {
    const issuer = type === "x509" ? "external" : "iothub";
    return JSON.stringify({ scope, type, issuer, acceptingIpFilterRule: null });
}
