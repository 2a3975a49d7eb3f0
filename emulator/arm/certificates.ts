import { randomBytes, X509Certificate } from "crypto";
import { EmulatorContext } from "../context";
import { ifMatch } from "../core/etag";
import { HttpReply, jsonBody } from "../core/http";
import { Hub, HubCertificate } from "../hub/model";
import { verifiedUploadSince } from "./apiVersions";
import { BadCertificate, commonName, oneLine, parseCa } from "./caCertificate";
import { iotFailure, malformedContent } from "./errors";
import { existingHub, hubPath, requireActive, staleETag } from "./hubs";
import { proofProblem } from "./proof";
import { hubType } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";

/** CA certificates that a hub takes (Azure docs: iot-hub-devguide-quotas-throttling). */
const maximumCertificates = 25;

/** What Azure shows as the time of creation, whenever that was. */
const created = "Mon, 01 Jan 0001 00:00:00 GMT";

/**
 * Microsoft.Devices/IotHubs/certificates: upload, proof of possession, replacement, deletion. Shapes, statuses and
 * ETag changes as recorded in azure-cli's `test_certificate_lifecycle.yaml` (2021-07-02).
 */
export class CertificateApi {
    constructor(private readonly context: EmulatorContext) {}

    register(routes: ArmRoutes): void {
        const all = `${hubPath}/certificates`;
        const one = `${all}/:name`;
        const actions = `${hubType}/certificates`;
        const withHub =
            (answer: (request: ArmRequest, hub: Hub, name: string) => HttpReply) =>
            (request: ArmRequest, { group, hub, name }: Readonly<Record<string, string>>) =>
                answer(request, existingHub(this.context, request, group, hub), name);
        routes
            .on(
                "GET",
                all,
                `${actions}/Read`,
                withHub((_request, hub) => ({
                    status: 200,
                    body: { value: [...hub.certificates.values()].map((each) => view(hub, each)) },
                })),
            )
            .on(
                "GET",
                one,
                `${actions}/Read`,
                withHub((request, hub, name) => ({
                    status: 200,
                    body: view(hub, this.existing(request, hub, name)),
                })),
            )
            .on(
                "PUT",
                one,
                `${actions}/Write`,
                withHub((request, hub, name) => this.put(request, hub, name)),
            )
            .on(
                "DELETE",
                one,
                `${actions}/Delete`,
                withHub((request, hub, name) => this.delete(request, hub, name)),
            )
            .on(
                "POST",
                `${one}/generateVerificationCode`,
                `${actions}/generateVerificationCode/Action`,
                withHub((request, hub, name) => this.generateCode(request, hub, name)),
            )
            .on(
                "POST",
                `${one}/verify`,
                `${actions}/verify/Action`,
                withHub((request, hub, name) => this.verify(request, hub, name)),
            );
    }

    private put(request: ArmRequest, hub: Hub, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const { clock, log, hubs } = this.context;
        const existing = hub.certificates.get(name.toLowerCase());
        if (existing !== undefined) {
            this.requireMatch(request, existing);
        } else {
            this.checkNew(request, hub, name);
        }
        const body = jsonBody(request, malformedContent);
        const properties = (body.properties ?? {}) as Record<string, unknown>;
        let parsed: X509Certificate;
        try {
            parsed = parseCa(properties.certificate, clock.date());
        } catch (error) {
            if (error instanceof BadCertificate) {
                // Azure does not tell its caller why, so the log does.
                log.warn(`certificate ${name} for hub ${hub.name} is refused: ${error.message}`);
                throw iotFailure(request, clock, 500019, "Internal Error.");
            }
            throw error;
        }
        const isVerified =
            properties.isVerified === true && request.apiVersion >= verifiedUploadSince;
        const certificate: HubCertificate = {
            name: existing?.name ?? name,
            etag: newETag(clock.now()),
            pem: parsed.toString(),
            content: properties.certificate as string,
            isVerified,
            created,
            updated: clock.date().toUTCString(),
        };
        hub.certificates.set(name.toLowerCase(), certificate);
        const wasTrusted = existing?.isVerified === true;
        if (wasTrusted && !(isVerified && existing.pem === certificate.pem)) {
            hubs.events.emit("certificateLost", hub, existing);
        }
        return { status: 200, body: view(hub, certificate) };
    }

    private checkNew(request: ArmRequest, hub: Hub, name: string): void {
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
        if (hub.certificates.size >= maximumCertificates) {
            throw iotFailure(
                request,
                clock,
                400019,
                `Max number of certificates exceeded for IotHub '${hub.name}', ` +
                    `Max Allowed = ${maximumCertificates}, Current = ${hub.certificates.size + 1}.`,
            );
        }
    }

    private delete(request: ArmRequest, hub: Hub, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const certificate = hub.certificates.get(name.toLowerCase());
        if (certificate === undefined) {
            return { status: 204 };
        }
        this.requireMatch(request, certificate);
        hub.certificates.delete(name.toLowerCase());
        if (certificate.isVerified) {
            this.context.hubs.events.emit("certificateLost", hub, certificate);
        }
        return { status: 200 };
    }

    private generateCode(request: ArmRequest, hub: Hub, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const certificate = this.existing(request, hub, name);
        this.requireMatch(request, certificate);
        certificate.verificationCode = randomBytes(24).toString("hex").toUpperCase();
        this.touch(certificate);
        const { id, properties, ...rest } = view(hub, certificate);
        const { verificationCode } = certificate;
        return {
            status: 200,
            body: { properties: { verificationCode, ...properties }, id, ...rest },
        };
    }

    private verify(request: ArmRequest, hub: Hub, name: string): HttpReply {
        requireActive(this.context, request, hub);
        const { clock } = this.context;
        const certificate = this.existing(request, hub, name);
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
        return { status: 200, body: view(hub, certificate) };
    }

    private touch(certificate: HubCertificate): void {
        const { clock } = this.context;
        certificate.etag = newETag(clock.now());
        certificate.updated = clock.date().toUTCString();
    }

    private existing(request: ArmRequest, hub: Hub, name: string): HubCertificate {
        const certificate = hub.certificates.get(name.toLowerCase());
        if (certificate === undefined) {
            throw iotFailure(
                request,
                this.context.clock,
                404008,
                `Certificate '${name}' was not found in IotHub '${hub.name}'.`,
            );
        }
        return certificate;
    }

    /** Changing a certificate needs its newest ETag; without one the answer is the same as to a stale one. */
    private requireMatch(request: ArmRequest, certificate: HubCertificate): void {
        const etag = ifMatch(request.headers["if-match"]);
        if (etag !== "*" && etag !== certificate.etag) {
            throw staleETag(this.context, request);
        }
    }
}

/** Base64 of a quoted text such as `"0a00a8f4-0000-0700-0000-620e91fe0000"`, which ends in the time of the change. */
function newETag(now: number): string {
    const seconds = Math.floor(now / 1000).toString(16);
    const text = `"${randomBytes(4).toString("hex")}-0000-0700-0000-${seconds}0000"`;
    return Buffer.from(text).toString("base64");
}

interface CertificateView {
    readonly id: string;
    readonly properties: object;
    readonly name: string;
    readonly type: string;
    readonly etag: string;
}

function view(hub: Hub, certificate: HubCertificate): CertificateView {
    const parsed = new X509Certificate(certificate.pem);
    return {
        properties: {
            subject: commonName(parsed) ?? oneLine(parsed.subject),
            expiry: new Date(parsed.validTo).toUTCString(),
            thumbprint: parsed.fingerprint.replace(/:/g, ""),
            isVerified: certificate.isVerified,
            created: certificate.created,
            updated: certificate.updated,
            certificate: certificate.content,
        },
        id: `${hub.id}/certificates/${certificate.name}`,
        name: certificate.name,
        type: `${hubType}/Certificates`,
        etag: certificate.etag,
    };
}
