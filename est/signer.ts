import { isKeyOf, issueLeaf, LeafRequest } from "../components/x509/issue";
import type { EstAuthority } from "./policy";

/** Signs leaves. Whoever implements it keeps the CA keys; nobody else sees them. */
export interface Signer {
    /** Whether it has the key of this CA. */
    holds(authority: EstAuthority): boolean;
    /**
     * @returns PEM of the leaf
     * @throws Error when it has no key of this CA, or the CA has expired
     */
    sign(authority: EstAuthority, request: LeafRequest): Promise<string>;
}

/** Signs with keys in this process's memory, which are neither written nor logged. */
export class KeySigner implements Signer {
    /** Keys by the CA's certificate. */
    private readonly keys = new Map<string, string>();

    /** Takes a key (PEM) if it belongs to the CA; false: it does not. */
    add({ certificatePem }: EstAuthority, privateKeyPem: string): boolean {
        if (!isKeyOf(privateKeyPem, certificatePem)) {
            return false;
        }
        this.keys.set(certificatePem, privateKeyPem);
        return true;
    }

    holds({ certificatePem }: EstAuthority): boolean {
        return this.keys.has(certificatePem);
    }

    async sign({ name, certificatePem }: EstAuthority, request: LeafRequest): Promise<string> {
        const privateKeyPem = this.keys.get(certificatePem);
        if (privateKeyPem === undefined) {
            throw new Error(`there is no key of the CA ${name}`);
        }
        return issueLeaf({ certificatePem, privateKeyPem }, request);
    }
}
