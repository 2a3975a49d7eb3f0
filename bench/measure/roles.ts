/** What a process of a measured command is. */
export type Role =
    | "engine"
    | "program"
    | "dynamic provider"
    | "tls provider"
    | "azure-native stand-in"
    | "fleet driver"
    | "script"
    | "az"
    | "openssl"
    | "other";

/** In this order: what comes first decides. */
const patterns: readonly (readonly [RegExp, Role])[] = [
    [/@pulumi\/pulumi\/cmd\/dynamic-provider|node-host\/dynamicProvider/, "dynamic provider"],
    [/@pulumi\/pulumi\/cmd\/run/, "program"],
    [/pulumi-resource-tls|standins\/tls/, "tls provider"],
    [/standins\/azure-native/, "azure-native stand-in"],
    [/standins\//, "other"],
    [/pulumi-(?:language|resource)-/, "other"],
    [/^\S*\bpulumi /, "engine"],
    [/cli\/(fleet|diff)\/main\.ts/, "fleet driver"],
    [/azure\.cli|\/az(?: |$)/, "az"],
    [/^\S*openssl /, "openssl"],
    [/provision\.ts/, "script"],
];

/** @param commandLine arguments with blanks between them */
export function processRole(commandLine: string): Role {
    return patterns.find(([pattern]) => pattern.test(commandLine))?.[1] ?? "other";
}
