import { isIP } from "net";

export type Environment = NodeJS.ProcessEnv;

/** A cloud's endpoints: Azure SDK for Go, `sdk/azcore/cloud`. */
export interface Cloud {
    readonly authority: string;
    readonly resourceManager: string;
    readonly resourceManagerScope: string;
    readonly graph: string;
}

const clouds: Readonly<Record<string, Cloud>> = {
    public: {
        authority: "https://login.microsoftonline.com",
        resourceManager: "https://management.azure.com",
        resourceManagerScope: "https://management.core.windows.net//.default",
        graph: "https://graph.microsoft.com",
    },
    usgovernment: {
        authority: "https://login.microsoftonline.us",
        resourceManager: "https://management.usgovcloudapi.net",
        resourceManagerScope: "https://management.core.usgovcloudapi.net/.default",
        graph: "https://graph.microsoft.us",
    },
    china: {
        authority: "https://login.chinacloudapi.cn",
        resourceManager: "https://management.chinacloudapi.cn",
        resourceManagerScope: "https://management.core.chinacloudapi.cn/.default",
        graph: "https://microsoftgraph.chinacloudapi.cn",
    },
};

/** Alternative names of clouds: azure-native's and az's (cloud.FromName), and azuread's. */
const cloudAliases: Readonly<Record<string, string>> = {
    azurecloud: "public",
    global: "public",
    usgov: "usgovernment",
    usgovernmentl4: "usgovernment",
    azureusgovernment: "usgovernment",
    azureusgovernmentcloud: "usgovernment",
    azurechinacloud: "china",
};

/** The configuration of an Azure provider: its own settings take precedence over the environment's `ARM_…`. */
export class Configuration {
    /** @param plugin name of the package, e.g. `azure-native` */
    constructor(
        private readonly plugin: string,
        private readonly settings: ReadonlyMap<string, string>,
        private readonly environment: Environment,
    ) {}

    get(setting: string, variable: string): string {
        return this.settings.get(setting) ?? this.environment[variable] ?? "";
    }

    /** On only if the value is exactly `true` (pulumi-azure-native: readAuthConfig). */
    isOn(setting: string, variable: string): boolean {
        return this.get(setting, variable) === "true";
    }

    /** The location of resources that do not name one. */
    get location(): string | undefined {
        return this.settings.get("location");
    }

    /** @throws when the configured cloud is none of the three */
    get cloud(): Cloud {
        return this.cloudNamed(this.environmentName || "public");
    }

    /** As configured; empty when not configured. */
    get environmentName(): string {
        return (
            this.get("environment", "ARM_ENVIRONMENT") ||
            this.get("environment", "AZURE_ENVIRONMENT")
        );
    }

    /** @throws when the cloud does not exist */
    cloudNamed(given: string): Cloud {
        const name = given.toLowerCase();
        const cloud = clouds[cloudAliases[name] ?? name];
        if (cloud === undefined) {
            throw new Error(
                `${this.plugin}:environment '${name}' is not one of ${Object.keys(clouds).join(", ")}`,
            );
        }
        return cloud;
    }
}

/**
 * Makes sure that every call ends at an emulator on this machine: the proxy must be a loopback address, and the cloud's
 * hosts must not be exempt from it.
 *
 * @throws an error that explains how to deploy to Azure instead
 */
export function requireEmulator(plugin: string, environment: Environment, cloud: Cloud): void {
    const variable = (name: string): string =>
        environment[name] || environment[name.toLowerCase()] || "";
    const proxy = variable("HTTPS_PROXY");
    if (!isLoopback(proxy)) {
        throw new Error(
            `this ${plugin} plugin is the stand-in for the local emulator, but HTTPS_PROXY ` +
                `${proxy === "" ? "is not set" : "is not a loopback address"}. To run on the emulator, start ` +
                `'npm run emulator' and source the environment file that it prints. To deploy to Azure, use ` +
                `the official plugin: unset PULUMI_HOME (or remove the stand-in's folder ` +
                `plugins/resource-${plugin}-* there) and run 'pulumi plugin install resource ${plugin}'.`,
        );
    }
    const exempt = variable("NO_PROXY")
        .split(",")
        .map((entry) => entry.trim().replace(/^\*?\./, ""))
        .filter((entry) => entry !== "");
    for (const url of [cloud.authority, cloud.resourceManager, cloud.graph]) {
        const host = new URL(url).hostname;
        const entry = exempt.find(
            (each) => each === "*" || host === each || host.endsWith(`.${each}`),
        );
        if (entry !== undefined) {
            throw new Error(
                `NO_PROXY '${entry}' bypasses the emulator for ${host}; this ${plugin} plugin is the ` +
                    `emulator's stand-in and does not connect to Azure.`,
            );
        }
    }
}

function isLoopback(proxy: string): boolean {
    if (!URL.canParse(proxy)) {
        return false;
    }
    const host = new URL(proxy).hostname.replace(/^\[|\]$/g, "");
    return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
