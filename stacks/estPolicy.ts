import { X509Certificate } from "crypto";
import { isIssuedBy } from "../components/x509/certificates";
import type { EstAuthority, EstGroup, EstPolicy } from "../est/policy";
import { defaultEst } from "./config/est";
import { registersAtDps } from "./deviceProvisioning";
import type { GroupSettings, Settings } from "./settings";

/**
 * What the EST service must know of a stack: settings say who may have what. A generation without a certificate is not trusted
 * yet.
 *
 * @param certificates PEM by the CA's name: `root`, `root-N`, `<group>-g<generation>`
 */
export function estPolicy(
    settings: Settings,
    certificates: ReadonlyMap<string, string>,
): EstPolicy {
    const { organization, country, devices, est = defaultEst } = settings;
    const offlineRoot = settings.pki.root.certificatePem;
    const roots = [
        ...(offlineRoot === undefined ? [] : [offlineRoot]),
        ...[...certificates].flatMap(([name, pem]) => (/^root(-\d+)?$/.test(name) ? [pem] : [])),
    ];
    const groups = settings.groups.map((group): [string, EstGroup] => {
        const trusted = trustedOf(group, certificates);
        const [issuer] = trusted;
        const bootstrap = est.bootstrap.find((one) => one.group === group.name);
        return [
            group.name,
            {
                name: group.name,
                isBlocked: group.blocked,
                validityDays: group.validityDays,
                renewBeforeDays: group.renewBeforeDays,
                isProvisioned: registersAtDps(group),
                hasIdentityCertificates: est.identityCertificates.includes(group.name),
                trusted,
                issuer,
                rootPem:
                    issuer &&
                    roots.find((root) =>
                        isIssuedBy(
                            new X509Certificate(issuer.certificatePem),
                            new X509Certificate(root),
                        ),
                    ),
                bootstrapPem: bootstrap?.authorityPem,
                secrets: new Map(
                    bootstrap?.secrets.map(({ device, ...secret }) => [device, secret]),
                ),
            },
        ];
    });
    return {
        groups: new Map(groups),
        devices: new Map(
            devices.map(({ id, group, status }) => [
                id,
                { group, isDisabled: status === "disabled" },
            ]),
        ),
        subject: { organization, ...(country === undefined ? {} : { country }) },
        graceDays: est.graceDays,
        repeatHours: est.repeatHours,
    };
}

/** The present generation, then those that a rollover retains, newest first; without those that are not signed yet. */
function trustedOf(
    { name, intermediate }: GroupSettings,
    certificates: ReadonlyMap<string, string>,
): EstAuthority[] {
    const { generation, retain } = intermediate;
    return [generation, ...[...retain].sort((one, other) => other - one)].flatMap((one) => {
        const authority = `${name}-g${one}`;
        const certificatePem = certificates.get(authority);
        return certificatePem === undefined ? [] : [{ name: authority, certificatePem }];
    });
}
