import { readFileSync } from "fs";
import { azureLogin } from "../../components/azure/login";
import { issueLeaf, leafNotAfter, makeKeyPair } from "../../components/x509/issue";
import { EstBundle, readBundle } from "../../est/bundle";
import { EstAuthority, endOfCa } from "../../est/policy";
import type { ServerIdentity } from "../../est/server";
import { KeySigner } from "../../est/signer";
import { StackFileError } from "../stackFiles/planConfig";
import { HubDirectory } from "./hubDirectory";
import type { Source } from "./source";

const serverDays = 30;

/**
 * What a stack wrote into one file, for a service that reaches neither the project nor the state. The login to Azure is that of
 * the environment (`ARM_USE_MSI` in a container group). The server's own key and certificate are made in memory at each
 * reading, below the CA of the first group that issues, so devices that trust the root trust it.
 */
export function bundleSource(file: string): Source {
    let bundle: EstBundle;
    return {
        read: async () => {
            bundle = opened(file);
            const { policy, stack } = bundle;
            const signer = new KeySigner();
            for (const authority of issuing(bundle)) {
                const key = bundle.keys.get(authority.name);
                if (key === undefined || !signer.add(authority, key)) {
                    throw new StackFileError(
                        `--bundle ${file}: has no key of the CA ${authority.name} — run pulumi up`,
                    );
                }
            }
            const login = azureLogin(() => undefined);
            return {
                stack,
                policy,
                signer,
                directory: new HubDirectory(login, bundle.hubs, bundle.size),
                // The run that wrote the bundle read no such files.
                unusable: [],
            };
        },
        identity: () => serverIdentity(file, bundle),
    };
}

function opened(file: string): EstBundle {
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new StackFileError(
            `--bundle ${file}: cannot be read (${code}) — name a file that this user may read`,
        );
    }
    try {
        return readBundle(text);
    } catch (error) {
        throw new StackFileError(`--bundle ${file}: ${(error as Error).message}`);
    }
}

function issuing({ policy }: EstBundle): EstAuthority[] {
    return [...policy.groups.values()].flatMap(({ issuer }) =>
        issuer === undefined ? [] : [issuer],
    );
}

async function serverIdentity(file: string, bundle: EstBundle): Promise<ServerIdentity> {
    const { serverName, policy, keys } = bundle;
    // The CA of one group may expire; the others are served.
    const issuer = issuing(bundle).find((one) => endOfCa(one) > new Date());
    if (issuer === undefined) {
        throw new StackFileError(
            `--bundle ${file}: no group has a CA that is valid, so nothing can sign the server's certificate — ` +
                `sign the groups' requests, or raise intermediate.generation`,
        );
    }
    const { certificatePem } = issuer;
    const { privateKeyPem, publicKey } = await makeKeyPair("ECDSA-P256");
    const leaf = await issueLeaf(
        { certificatePem, privateKeyPem: keys.get(issuer.name) ?? "" },
        {
            // A common name has at most 64 characters (RFC 5280, upper bounds); clients judge by the alternative name.
            commonName: "EST",
            subject: policy.subject,
            publicKey,
            notAfter: leafNotAfter(certificatePem, serverDays),
            serverName,
        },
    );
    return { cert: leaf + certificatePem, key: privateKeyPem };
}
