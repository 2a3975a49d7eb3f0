import { chain, issue, selfSigned } from "../../test/support/pki";
import { addEnrollment, leaves } from "../../test/support/provisioningService";
import { describeRefusedRegistrations } from "../../test/support/provisioningTrial";

const refused = {
    reason: "digitalSignatureMissing",
    detail: /keyUsage of the leaf lacks digitalSignature.*checkKeyUsage/,
    message: "Invalid certificate.",
} as const;
const keyUsage = ["keyEncipherment"] as const;

describeRefusedRegistrations("refused registrations: extensions of the certificate", [
    {
        ...refused,
        name: "a leaf for the encipherment of keys only, under a group",
        attempt: async ({ factory }, id) => {
            const leaf = await issue(factory, { commonName: id, keyUsage });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        ...refused,
        name: "the same with an individual enrollment",
        attempt: async ({ service }, id) => {
            const leaf = await selfSigned({ commonName: id, keyUsage });
            addEnrollment(service, id, leaves(leaf));
            return { leaf, chain: undefined };
        },
    },
]);
