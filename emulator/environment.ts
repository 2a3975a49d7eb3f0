import { existsSync, readFileSync, promises as fs } from "fs";
import * as path from "path";
import * as tls from "tls";
import { clouds } from "./core/clouds";
import { replaceFile } from "./core/replaceFile";
import { Emulator } from "./emulator";

const systemBundles = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

export interface EnvironmentFiles {
    readonly envFile: string;
    readonly caFile: string;
}

/**
 * Writes the CA bundle and the file that a shell sources to point its programs at the emulator.
 *
 * The bundle contains what this environment trusted before plus the emulator's CA, because `SSL_CERT_FILE` and the like
 * replace a program's own list.
 */
export async function writeEnvironment(
    emulator: Emulator,
    host: string,
    envFile: string,
): Promise<EnvironmentFiles> {
    const caFile = `${envFile}.ca.pem`;
    // Not a secret, and programs of other users need it, too.
    await replaceFile(caFile, trustBundle(emulator.authority.rootCertificate), 0o644);
    const lines = Object.entries(environment(emulator, host, caFile)).map(
        ([name, value]) => `export ${name}=${shellQuote(value)}`,
    );
    const resolver = path.join(__dirname, "resolver.js");
    lines.push(
        `export NODE_OPTIONS="--require ${shellDouble(resolver)}\${NODE_OPTIONS:+ $NODE_OPTIONS}"`,
    );
    await replaceFile(envFile, lines.join("\n") + "\n");
    return { envFile, caFile };
}

export async function removeEnvironment(files: EnvironmentFiles): Promise<void> {
    await fs.rm(files.envFile, { force: true });
    await fs.rm(files.caFile, { force: true });
}

function environment(emulator: Emulator, host: string, caFile: string): Record<string, string> {
    const { deployer, ports } = emulator;
    const proxy = `http://${host}:${ports.https}`;
    const direct = "localhost,127.0.0.1,::1";
    return {
        HTTPS_PROXY: proxy,
        https_proxy: proxy,
        NO_PROXY: direct,
        no_proxy: direct,
        SSL_CERT_FILE: caFile,
        NODE_EXTRA_CA_CERTS: caFile,
        REQUESTS_CA_BUNDLE: caFile,
        CURL_CA_BUNDLE: caFile,
        ARM_CLIENT_ID: deployer.clientId,
        ARM_CLIENT_SECRET: deployer.clientSecret,
        ARM_TENANT_ID: deployer.tenantId,
        ARM_SUBSCRIPTION_ID: deployer.subscriptionId,
        AZURE_CLIENT_ID: deployer.clientId,
        AZURE_CLIENT_SECRET: deployer.clientSecret,
        AZURE_TENANT_ID: deployer.tenantId,
        AZURE_SUBSCRIPTION_ID: deployer.subscriptionId,
        EMULATOR_MANAGEMENT: `http://127.0.0.1:${ports.management}`,
        EMULATOR_MQTT_PORT: String(ports.mqtt),
        EMULATOR_ROUTES: JSON.stringify({
            host,
            httpsPort: ports.https,
            devicePort: ports.mqtt,
            hosts: clouds.flatMap((cloud) => [...cloud.login, cloud.arm, cloud.graph]),
            suffixes: clouds.flatMap(({ hubSuffix, dpsSuffix, eventHubsSuffix }) => [
                hubSuffix,
                dpsSuffix,
                eventHubsSuffix,
            ]),
        }),
    };
}

function trustBundle(emulatorCa: string): string {
    const named = [process.env.SSL_CERT_FILE, process.env.NODE_EXTRA_CA_CERTS].filter(
        (file): file is string => file !== undefined && existsSync(file),
    );
    const system = systemBundles.find((file) => existsSync(file));
    const files = named.length > 0 ? named : system === undefined ? [] : [system];
    const before =
        files.length > 0 ? files.map((file) => readFileSync(file, "utf8")) : tls.rootCertificates;
    const pattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
    const certificates = before.flatMap((text) => text.match(pattern) ?? []);
    return [...new Set([...certificates, emulatorCa.trim()])].join("\n") + "\n";
}

function shellQuote(text: string): string {
    return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** Escapes a path inside a double-quoted NODE_OPTIONS, which Node itself splits into words and unquotes. */
function shellDouble(text: string): string {
    const quoted = /\s/.test(text) ? `"${text}"` : text;
    return quoted.replace(/[\\"$`]/g, "\\$&");
}
