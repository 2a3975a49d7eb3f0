import { ofType, Rule, StackResource, types, unknown, Violation } from "../stack";

/** Every CA on a hub or provisioning service is verified, or will be verified by the previewed run. */
export const verifiedCas: Rule<object> = (resources) => [
    ...ofType(resources, types.verifiedCa).flatMap(unproven),
    ...ofType(resources, types.hubCertificate, types.serviceCertificate).map(
        ({ name, urn }): Violation => ({
            message:
                `CA ${name} is uploaded by azure-native, which proves nothing: isVerified only claims it — ` +
                "upload it as an iot-x509 VerifiedCertificate, which proves possession of its key",
            urn,
        }),
    ),
];

function unproven({ name, urn, props }: StackResource): Violation[] {
    const { isVerified, hasKey, proof } = props;
    const isToCome = (isVerified === unknown || isVerified === undefined) && hasKey !== false;
    const isProofToCome = hasKey === false && proof !== undefined && isVerified !== false;
    return isVerified === true || isToCome || isProofToCome
        ? []
        : [
              {
                  message:
                      `CA ${name} is not verified, so that no device of it can connect — sign its verification code with ` +
                      "its key and give the proof in pki.root.proof (docs/operations.md, an offline root)",
                  urn,
              },
          ];
}

/**
 * No group signs with the root or with another group's CA, so that one group can be cut off without affecting others.
 */
export const ownIntermediate: Rule<object> = (resources) => {
    const selfSigned = new Set(ofType(resources, types.selfSigned).map(({ urn }) => urn));
    const issuers = ofType(resources, types.issuer);
    const signedByRoot = issuers
        .filter(({ sources }) => (sources.digest ?? []).some((source) => selfSigned.has(source)))
        .map(({ name, urn }): Violation => ({
            message: `Group ${name} signs with a self-signed CA — give it an intermediate of its own, signed by the root`,
            urn,
        }));
    const digests = issuers.map((one) => [String(one.props.digest), one] as const);
    const enrollmentGroups = ofType(resources, types.enrollmentGroup).flatMap((one) =>
        (Array.isArray(one.props.trusted) ? one.props.trusted : []).map(
            (trusted) => [String(trusted), one] as const,
        ),
    );
    return [
        ...signedByRoot,
        ...shared(
            digests.filter(([, { props }]) => props.digest !== unknown),
            "signs with the CA of group",
        ),
        ...shared(
            enrollmentGroups.filter(([trusted]) => trusted !== String(unknown)),
            "trusts a CA of enrollment group",
        ),
    ];
};

function shared(all: readonly (readonly [string, StackResource])[], does: string): Violation[] {
    const owners = new Map<string, StackResource>();
    return all.flatMap(([value, resource]) => {
        const owner = owners.get(value);
        owners.set(value, owner ?? resource);
        return owner === undefined || owner === resource
            ? []
            : [
                  {
                      message: `Group ${resource.name} ${does} ${owner.name} — give each group an intermediate of its own`,
                      urn: resource.urn,
                  },
              ];
    });
}
