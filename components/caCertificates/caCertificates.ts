import { whenFree } from "../azure/busy";
import { AzureAnswer, AzureClient, AzureError, AzureRequest } from "../azure/client";
import { readStanding } from "../azure/standing";

/** A CA certificate as a hub or a provisioning service returns it. */
export interface CaCertificate {
    readonly etag: string;
    /** SHA-1, upper-case hex. */
    readonly thumbprint: string;
    readonly isVerified: boolean;
    /** Common name. */
    readonly subject: string;
    /** When it expires, in the form of an HTTP header. */
    readonly expiry: string;
    /** Only in the response that created it. */
    readonly verificationCode: string | undefined;
}

/** The service that a CA is uploaded to: an IoT hub or a Device Provisioning Service. */
export interface CaTarget {
    /** `https://management.azure.com` or another cloud's. */
    readonly arm: string;
    /** ARM resource ID of the service. */
    readonly id: string;
}

const apiVersions: readonly (readonly [pattern: RegExp, apiVersion: string])[] = [
    [/\/Microsoft\.Devices\/IotHubs\//i, "2023-06-30"],
    [/\/Microsoft\.Devices\/provisioningServices\//i, "2022-12-12"],
];

/**
 * The certificate operations of ARM's Microsoft.Devices, one method per call.
 * Source: azure-rest-api-specs, iothub.json 2023-06-30 and iotdps.json 2022-12-12.
 */
export class CaCertificates {
    constructor(
        private readonly client: AzureClient,
        private readonly target: CaTarget,
    ) {}

    /** All certificates of the service; the list has no pages. */
    async list(): Promise<(CaCertificate & { readonly name: string })[]> {
        const answer = await this.read(this.url());
        const { value } = answer.body as { readonly value: readonly CertificateBody[] };
        return value.map((body) => ({ ...certificate({ ...answer, body }), name: body.name }));
    }

    /** Undefined when there is none of that name. */
    async get(name: string): Promise<CaCertificate | undefined> {
        try {
            return certificate(await this.read(this.url(name)));
        } catch (error) {
            if (error instanceof AzureError && error.status === 404) {
                return undefined;
            }
            throw error;
        }
    }

    /** Creates it or, with the ETag of the present one, replaces it with another, unverified. */
    async put(name: string, pem: string, etag?: string): Promise<CaCertificate> {
        const answer = await this.write({
            method: "PUT",
            url: this.url(name),
            body: { properties: { certificate: Buffer.from(pem).toString("base64") } },
            ifMatch: etag,
            expect: [200, 201],
        });
        return certificate(answer);
    }

    /** The response carries the code; the call invalidates every earlier code and changes the ETag. */
    async generateVerificationCode(name: string, etag: string): Promise<CaCertificate> {
        const answer = await this.write({
            method: "POST",
            url: this.url(name, "/generateVerificationCode"),
            ifMatch: etag,
            expect: [200],
        });
        return certificate(answer);
    }

    /** @throws AzureError 400 when the service does not accept the proof, 412 when the ETag is stale */
    async verify(name: string, proofPem: string, etag: string): Promise<CaCertificate> {
        const answer = await this.write({
            method: "POST",
            url: this.url(name, "/verify"),
            body: { certificate: Buffer.from(proofPem).toString("base64") },
            ifMatch: etag,
            expect: [200],
        });
        return certificate(answer);
    }

    async delete(name: string, etag: string): Promise<void> {
        await this.write({
            method: "DELETE",
            url: this.url(name),
            ifMatch: etag,
            expect: [200, 202, 204, 404],
        });
    }

    private read(url: string): Promise<AzureAnswer> {
        return readStanding(this.target.id, () =>
            this.client.send({ method: "GET", url, expect: [200] }),
        );
    }

    private write(request: AzureRequest): Promise<AzureAnswer> {
        return whenFree(() => this.client.send(request));
    }

    private url(name?: string, action = ""): string {
        const { arm, id } = this.target;
        const version = apiVersions.find(([pattern]) => pattern.test(id))?.[1];
        if (version === undefined) {
            throw new Error(`${id} is neither an IoT hub nor a provisioning service`);
        }
        const path = name === undefined ? "" : `/${name}${action}`;
        return `${arm}${id}/certificates${path}?api-version=${version}`;
    }
}

interface CertificateBody {
    readonly name: string;
    readonly etag: string;
    readonly properties: {
        readonly thumbprint: string;
        readonly isVerified: boolean;
        readonly subject: string;
        readonly expiry: string;
        readonly verificationCode?: string;
    };
}

function certificate(answer: AzureAnswer): CaCertificate {
    const body = answer.body as CertificateBody;
    const { thumbprint, isVerified, subject, expiry, verificationCode } = body.properties;
    return {
        etag: body.etag,
        thumbprint: thumbprint.toUpperCase(),
        isVerified,
        subject,
        expiry,
        verificationCode,
    };
}

/** Whether an error says that the proof was refused: wrong code, wrong signer, or not valid now (IH400053). */
export function isRefusedProof(error: unknown): boolean {
    return error instanceof AzureError && error.status === 400;
}
