import { randomBytes, X509Certificate } from "crypto";
import { EmulatorContext } from "../context";
import { documentETag, ifMatch } from "../core/etag";
import { HttpReply, jsonBody } from "../core/http";
import { HubCertificate } from "../hub/model";
import { BadCertificate, commonName, oneLine, parseCa } from "../x509/caCertificate";
import { iotFailure, malformedContent } from "./errors";
import { staleETag } from "./hubs";
import { proofProblem } from "./proof";
import { ArmRequest, ArmRoutes } from "./routes";

/**
 * The most CA certificates that a hub or a provisioning service accepts (Azure docs:
 * iot-hub-devguide-quotas-throttling, "Azure IoT Hub Device Provisioning Service limits").
 */
const maximumCertificates = 25;

/** An owner of CA certificates: a hub or a provisioning service. */
export interface CertificateOwner {
    readonly id: string;
    readonly name: string;
    /** By name, lower case. */
    readonly certificates: Map<string, HubCertificate>;
}

type PathParameters = Readonly<Record<string, string>>;

/** How the certificates of one kind of owner differ from those of the other. */
export interface CertificateDialect<T extends CertificateOwner> {
    /** Route of the owner. */
    readonly path: string;
    /** ARM type of the owner, e.g. `Microsoft.Devices/IotHubs`. */
    readonly type: string;
    /** The owner's name in messages. */
    readonly label: string;
    /** Whether replies other than the one with a verification code contain the certificate. */
    readonly showsContent: boolean;

    /** @throws HttpFailure 404 */
    owner(request: ArmRequest, parameters: PathParameters): T;
    /** @throws HttpFailure 409 while the owner cannot be changed */
    requireActive(request: ArmRequest, owner: T): void;
    /** The certificate in the body of a PUT, and whether it is declared verified. */
    upload(
        request: ArmRequest,
        body: Readonly<Record<string, unknown>>,
    ): { readonly certificate: unknown; readonly isVerified: boolean };
    /** Called when a trusted certificate is deleted, replaced or no longer verified. */
    lost?(owner: T, certificate: HubCertificate): void;
}

/** The creation time that Azure shows for every certificate. */
const created = "Mon, 01 Jan 0001 00:00:00 GMT";

interface CertificateView {
    readonly id: string;
    readonly properties: object;
    readonly name: string;
    readonly type: string;
    readonly etag: string;
}

/**
 * CA certificates: upload, proof of possession, replacement, deletion. Shapes, statuses and ETag changes are as
 * recorded in azure-cli's `test_certificate_lifecycle.yaml` (2021-07-02) and `test_dps_certificate_lifecycle.yaml`
 * (2021-10-15).
 */
export class CertificateApi<T extends CertificateOwner> {
    constructor(
        private readonly context: EmulatorContext,
        private readonly dialect: CertificateDialect<T>,
    ) {}

    register(routes: ArmRoutes): void {
        const all = `${this.dialect.path}/certificates`;
        const one = `${all}/:name`;
        const actions = `${this.dialect.type}/certificates`;
        const withOwner =
            (answer: (request: ArmRequest, owner: T, name: string) => HttpReply) =>
            (request: ArmRequest, parameters: PathParameters) =>
                answer(request, this.dialect.owner(request, parameters), parameters.name);
        routes
            .on(
                "GET",
                all,
                `${actions}/Read`,
                withOwner((_request, owner) => ({
                    status: 200,
                    body: {
                        value: [...owner.certificates.values()].map((each) =>
                            this.view(owner, each),
                        ),
                    },
                })),
            )
            .on(
                "GET",
                one,
                `${actions}/Read`,
                withOwner((request, owner, name) => ({
                    status: 200,
                    body: this.view(owner, this.existing(request, owner, name)),
                })),
            )
            .on(
                "PUT",
                one,
                `${actions}/Write`,
                withOwner((request, owner, name) => this.put(request, owner, name)),
            )
            .on(
                "DELETE",
                one,
                `${actions}/Delete`,
                withOwner((request, owner, name) => this.delete(request, owner, name)),
            )
            .on(
                "POST",
                `${one}/generateVerificationCode`,
                `${actions}/generateVerificationCode/Action`,
                withOwner((request, owner, name) => this.generateCode(request, owner, name)),
            )
            .on(
                "POST",
                `${one}/verify`,
                `${actions}/verify/Action`,
                withOwner((request, owner, name) => this.verify(request, owner, name)),
            );
    }

    private put(request: ArmRequest, owner: T, name: string): HttpReply {
        this.dialect.requireActive(request, owner);
        const { clock, log } = this.context;
        const existing = owner.certificates.get(name.toLowerCase());
        if (existing !== undefined) {
            this.requireMatch(request, existing);
        } else {
            this.checkNew(request, owner, name);
        }
        const body = jsonBody(request, malformedContent);
        const upload = this.dialect.upload(request, body);
        let parsed: X509Certificate;
        try {
            parsed = parseCa(upload.certificate, clock.date());
        } catch (error) {
            if (error instanceof BadCertificate) {
                // Azure does not tell the caller why, so the log does.
                log.warn(`certificate ${name} for ${owner.name} is refused: ${error.message}`);
                throw iotFailure(request, clock, 500019, "Internal Error.");
            }
            throw error;
        }
        const certificate: HubCertificate = {
            name: existing?.name ?? name,
            etag: documentETag(clock.now()),
            pem: parsed.toString(),
            content: upload.certificate as string,
            isVerified: upload.isVerified,
            created,
            updated: clock.date().toUTCString(),
        };
        owner.certificates.set(name.toLowerCase(), certificate);
        const isKept = certificate.isVerified && existing?.pem === certificate.pem;
        if (existing?.isVerified === true && !isKept) {
            this.dialect.lost?.(owner, existing);
        }
        return { status: 200, body: this.view(owner, certificate) };
    }

    private checkNew(request: ArmRequest, owner: T, name: string): void {
        const { clock } = this.context;
        if (!/^[A-Za-z0-9\-._]{1,64}$/.test(name)) {
            throw iotFailure(
                request,
                clock,
                400004,
                `Certificate name '${name}' is not valid: it must match ^[A-Za-z0-9-._]{1,64}$.`,
            );
        }
        const etag = ifMatch(request.headers["if-match"]);
        if (etag !== undefined) {
            throw staleETag(this.context, request);
        }
        if (owner.certificates.size >= maximumCertificates) {
            throw iotFailure(
                request,
                clock,
                400019,
                `Max number of certificates exceeded for ${this.dialect.label} '${owner.name}', ` +
                    `Max Allowed = ${maximumCertificates}, Current = ${owner.certificates.size + 1}.`,
            );
        }
    }

    private delete(request: ArmRequest, owner: T, name: string): HttpReply {
        this.dialect.requireActive(request, owner);
        const certificate = owner.certificates.get(name.toLowerCase());
        if (certificate === undefined) {
            return { status: 204 };
        }
        this.requireMatch(request, certificate);
        owner.certificates.delete(name.toLowerCase());
        if (certificate.isVerified) {
            this.dialect.lost?.(owner, certificate);
        }
        return { status: 200 };
    }

    private generateCode(request: ArmRequest, owner: T, name: string): HttpReply {
        this.dialect.requireActive(request, owner);
        const certificate = this.existing(request, owner, name);
        this.requireMatch(request, certificate);
        certificate.verificationCode = randomBytes(24).toString("hex").toUpperCase();
        this.touch(certificate);
        const { id, properties, ...rest } = this.view(owner, certificate, true);
        const { verificationCode } = certificate;
        return {
            status: 200,
            body: { properties: { verificationCode, ...properties }, id, ...rest },
        };
    }

    private verify(request: ArmRequest, owner: T, name: string): HttpReply {
        this.dialect.requireActive(request, owner);
        const { clock } = this.context;
        const certificate = this.existing(request, owner, name);
        this.requireMatch(request, certificate);
        const problem = proofProblem(
            new X509Certificate(certificate.pem),
            certificate.verificationCode,
            jsonBody(request, malformedContent).certificate,
            clock.date(),
        );
        if (problem !== undefined) {
            throw iotFailure(request, clock, 400053, `Proof-Of-Possession failed. ${problem}`);
        }
        certificate.isVerified = true;
        certificate.verificationCode = undefined;
        this.touch(certificate);
        return { status: 200, body: this.view(owner, certificate) };
    }

    private touch(certificate: HubCertificate): void {
        const { clock } = this.context;
        certificate.etag = documentETag(clock.now());
        certificate.updated = clock.date().toUTCString();
    }

    private existing(request: ArmRequest, owner: T, name: string): HubCertificate {
        const certificate = owner.certificates.get(name.toLowerCase());
        if (certificate === undefined) {
            throw iotFailure(
                request,
                this.context.clock,
                404008,
                `Certificate '${name}' was not found in ${this.dialect.label} '${owner.name}'.`,
            );
        }
        return certificate;
    }

    /** Changing a certificate requires its current ETag; a missing ETag gets the same reply as a stale one. */
    private requireMatch(request: ArmRequest, certificate: HubCertificate): void {
        const etag = ifMatch(request.headers["if-match"]);
        if (etag !== "*" && etag !== certificate.etag) {
            throw staleETag(this.context, request);
        }
    }

    /** `content` is null where the dialect does not show it. */
    private view(
        owner: T,
        certificate: HubCertificate,
        content = this.dialect.showsContent,
    ): CertificateView {
        const parsed = new X509Certificate(certificate.pem);
        return {
            properties: {
                subject: commonName(parsed) ?? oneLine(parsed.subject),
                expiry: new Date(parsed.validTo).toUTCString(),
                thumbprint: parsed.fingerprint.replace(/:/g, ""),
                isVerified: certificate.isVerified,
                created: certificate.created,
                updated: certificate.updated,
                certificate: content ? certificate.content : null,
            },
            id: `${owner.id}/certificates/${certificate.name}`,
            name: certificate.name,
            type: `${this.dialect.type}/Certificates`,
            etag: certificate.etag,
        };
    }
}
