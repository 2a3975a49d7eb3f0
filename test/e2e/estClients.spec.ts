import { strict as assert } from "assert";
import { execFile, spawn } from "child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { text } from "stream/consumers";
import { promisify } from "util";
import { curl, EstProcess, Reply } from "../support/estService";
import type { Client } from "../support/estStack";
import { EstTrial, secret } from "../support/estTrial";
import { buildGo } from "../support/goProgram";
import { connects } from "../support/liveDevice";
import { requireStrongSwan } from "../support/tools";

const run = promisify(execFile);

/** A request as it goes over the wire, and the answer. */
interface Wire {
    readonly line: string;
    /** In exactly this form. */
    readonly headers: readonly string[];
    readonly body?: string;
}

/**
 * What the clients send by their sources, byte for byte where it matters, from programs with other TLS stacks than the
 * service's: OpenSSL, curl, Go. strongSwan's own client is in est.spec.ts.
 */
describe("clients of the EST service", function () {
    this.timeout(600_000);
    const trial = new EstTrial("est-clients");
    /** Of `own-1`, which repeats it: a secret is used once, and again only for the same key. */
    let first: { readonly file: string; readonly key: string };

    before(async function () {
        await trial.begin(this);
        first = await trial.request("own-1");
    });

    after(() => trial.end());

    const url = (operation: string) =>
        `${trial.service.address}/.well-known/est/pumps/${operation}`;
    const basic = `Basic ${Buffer.from(`own-1:${secret}`).toString("base64")}`;
    const file = (name: string, content: string) => {
        const at = trial.deployment.project.file(name);
        writeFileSync(at, content);
        return at;
    };

    /** iot-identity-service, cert/aziot-certd/src/est.rs: hyper and OpenSSL. */
    describe("aziot", () => {
        const headers = [
            ...["-H", "content-type: application/pkcs10"],
            ...["-H", "content-transfer-encoding: base64", "-H", "accept:", "-H", "user-agent:"],
        ];

        /** The certificates of an answer; it puts the body between PEM lines as it is, and asks OpenSSL. */
        async function certificates({ status, headers: got, body }: Reply): Promise<string> {
            assert.equal(status, 200, body);
            assert.match(got, /^content-type: application\/pkcs7-mime(;.*)?\r?$/im);
            const pem = `-----BEGIN PKCS7-----\n${body}-----END PKCS7-----\n`;
            const { stdout } = await run("openssl", [
                ...["pkcs7", "-in", file("aziot.p7", pem), "-print_certs"],
            ]);
            return (stdout.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []).join("");
        }

        it("renews by simpleenroll with its whole chain, and the hub takes the chain that it makes of both answers", async () => {
            const { pem, key } = await trial.client(trial.pumps, "pump-1");
            const chain =
                pem + trial.pumps.certificate + (await trial.deployment.rootCertificate());
            const by = ["--cert", file("aziot-chain.pem", chain), "--key", key];
            const asked = await trial.request("pump-1");
            const data = ["--data-binary", `@${asked.file}`];
            const [leaf, authorities] = await Promise.all([
                curl(trial.serverCa, url("simpleenroll"), ...by, ...headers, ...data),
                curl(trial.serverCa, url("cacerts"), ...by, ...headers),
            ]);
            const made = (await certificates(leaf)) + (await certificates(authorities));
            assert.equal(made.match(/BEGIN CERTIFICATE/g)?.length, 3);
            await connects({
                ...(await trial.connection("pump-1", "", asked.key)),
                chain: made,
            });
        });

        it("gets a first certificate by its bootstrap certificate", async () => {
            const { certificate, key } = await trial.client(trial.maker, "pump-2");
            const asked = await trial.request("pump-2");
            const args = ["--cert", certificate, "--key", key, "--data-binary", `@${asked.file}`];
            const reply = await curl(trial.serverCa, url("simpleenroll"), ...args, ...headers);
            assert.match(await certificates(reply), /BEGIN CERTIFICATE/);
        });

        it("gets its EST identity by the bootstrap certificate, the device's certificate by that, and later renews both", async () => {
            const ask = async (service: EstProcess, by: Pick<Client, "certificate" | "key">) => {
                const asked = await trial.request("gateway-1");
                const reply = await curl(
                    trial.serverCa,
                    `${service.address}/.well-known/est/gateways/simpleenroll`,
                    ...["--cert", by.certificate, "--key", by.key, ...headers],
                    ...["--data-binary", `@${asked.file}`],
                );
                return { reply, key: asked.key };
            };
            const got = async (service: EstProcess, by: Pick<Client, "certificate" | "key">) => {
                const { reply, key } = await ask(service, by);
                const pem = await certificates(reply);
                return { certificate: file(`gateway-${path.basename(key)}.pem`, pem), key, pem };
            };
            const identity = await got(trial.service, await trial.client(trial.maker, "gateway-1"));
            const device = await got(trial.service, identity);
            const cacerts = url("cacerts").replace("/pumps/", "/gateways/");
            const authorities = await certificates(await curl(trial.serverCa, cacerts, ...headers));
            await connects({
                ...(await trial.connection("gateway-1", "", device.key)),
                chain: device.pem + authorities,
            });
            // It renews at 80 % of 90 days, and tries again after another 4 %.
            const [fifth, due, later] = await Promise.all(
                [5, 72, 76].map((days) =>
                    trial.start({ LATER_CLOCK_SECONDS: String(days * 24 * 3600) }),
                ),
            );
            try {
                const early = await ask(fifth, identity);
                assert.deepEqual([early.reply.status, early.reply.body], [403, "tooEarly\n"]);
                const next = await got(due, identity);
                await got(later, next);
                const third = await ask(later, next);
                assert.equal(third.reply.status, 200, "the answer may have been lost");
            } finally {
                await Promise.all([fifth, due, later].map((one) => one.stop()));
            }
        });

        it("gets a first certificate by name and password, which it also sends for the CAs", async () => {
            const by = ["-H", `authorization: ${basic}`, ...headers];
            const data = ["--data-binary", `@${first.file}`];
            const [leaf, authorities] = await Promise.all([
                curl(trial.serverCa, url("simpleenroll"), ...by, ...data),
                curl(trial.serverCa, url("cacerts"), ...by),
            ]);
            assert.match(await certificates(leaf), /BEGIN CERTIFICATE/);
            assert.match(await certificates(authorities), /BEGIN CERTIFICATE/);
        });
    });

    /** cisco/libest, src/est/est_client.c: it compares names of headers letter by letter. */
    describe("libest", () => {
        const common = () => [
            "User-Agent: CISCO EST client 1.0",
            "Connection: close",
            `Host: ${new URL(trial.service.address).host}`,
            "Accept: */*",
        ];

        /** Sends exactly this and ends with the connection, as OpenSSL sees it. */
        async function wire({ line, headers, body = "" }: Wire, by?: Client): Promise<string> {
            const { port } = new URL(trial.service.address);
            const client = spawn("openssl", [
                ...["s_client", "-quiet", "-verify_return_error", "-CAfile", trial.serverCa],
                ...["-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-tls1_2"],
                ...(by === undefined ? [] : ["-cert", by.certificate, "-key", by.key]),
            ]);
            client.stdin.write(`${[line, ...headers].join("\r\n")}\r\n\r\n${body}`);
            const answer = await text(client.stdout);
            client.kill();
            return answer;
        }

        /** The body, as long as the header says that it is. */
        function bodyOf(answer: string, type: string): string {
            const [head, body] = answer.split("\r\n\r\n");
            assert.match(head, /^HTTP\/1\.1 200 /);
            assert.ok(head.includes(`\r\nContent-Type: ${type}`), head);
            assert.ok(head.includes(`\r\nContent-Length: ${body.length}`), head);
            return body;
        }

        const post = (operation: string, data: string, ...more: string[]): Wire => ({
            line: `POST /.well-known/est/pumps/${operation} HTTP/1.1`,
            headers: [
                ...common(),
                "Content-Type: application/pkcs10",
                `Content-Length: ${data.length}`,
                ...more,
            ],
            // The end of a line behind the body, which the length does not count.
            body: `${data}\r\n`,
        });

        it("gets the CAs, one of them self-signed, and the attributes", async () => {
            const get = (operation: string): Wire => ({
                line: `GET /.well-known/est/pumps/${operation} HTTP/1.1`,
                headers: common(),
            });
            const body = bodyOf(await wire(get("cacerts")), "application/pkcs7-mime");
            const p7 = trial.deployment.project.file("libest.p7");
            writeFileSync(p7, Buffer.from(body, "base64"));
            const { stdout } = await run("openssl", [
                ...["pkcs7", "-inform", "DER", "-in", p7, "-print_certs", "-noout"],
            ]);
            const names = [...stdout.matchAll(/subject=(.*)\n+issuer=(.*)\n/g)];
            assert.equal(names.filter(([, subject, issuer]) => subject === issuer).length, 1);
            bodyOf(await wire(get("csrattrs")), "application/csrattrs");
        });

        it("asks first without a password, is asked for it, and sends it over another connection", async () => {
            const data = readFileSync(first.file, "utf8");
            const refusal = await wire(post("simpleenroll", data));
            assert.match(
                refusal,
                /^HTTP\/1\.1 401 [^]*\r\nWWW-Authenticate: Basic realm="est"\r\n/,
            );
            const answer = await wire(post("simpleenroll", data, `Authorization: ${basic}`));
            bodyOf(answer, "application/pkcs7-mime");
        });

        it("renews over TLS 1.2, with what it knows of the connection as a challenge password", async () => {
            const by = await trial.client(trial.pumps, "pump-3");
            const config = file(
                "libest.cnf",
                "[req]\nprompt=no\ndistinguished_name=dn\nattributes=more\n[dn]\nCN=pump-3\n[more]\nchallengePassword=dGxzLXVuaXF1ZQ==\n",
            );
            const csr = trial.deployment.project.file("libest.csr");
            await run("openssl", [
                ...["req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", config],
                ...["-keyout", trial.deployment.project.file("libest.key")],
                ...["-outform", "DER", "-out", csr],
            ]);
            const data = readFileSync(csr).toString("base64").replace(/.{64}/g, "$&\n");
            const answer = await wire(post("simplereenroll", `${data}\n`), by);
            bodyOf(answer, "application/pkcs7-mime");
        });
    });

    /** Programs of `test/clients/go`, with Go's TLS, which keeps a certificate to itself that the server does not ask for. */
    describe("Go", () => {
        let program: string;

        before(async function () {
            this.timeout(300_000);
            program = trial.deployment.project.file("go-est");
            await buildGo(this, "est", program);
        });

        async function go(operation: string, ...args: string[]): Promise<string> {
            const common = ["-url", url("").replace(/\/$/, ""), "-ca", trial.serverCa];
            const { stdout } = await run(program, [...common, ...args, operation], {
                env: { ...process.env, NO_PROXY: "*", no_proxy: "*" },
            });
            return stdout;
        }

        it("gets the CAs and no attributes", async () => {
            assert.equal((await go("cacerts")).match(/BEGIN CERTIFICATE/g)?.length, 2);
            assert.equal(await go("csrattrs"), "0 attributes, 0 bytes more\n");
        });

        it("renews with a new key by either call, and the hub accepts both certificates", async () => {
            for (const operation of ["simpleenroll", "simplereenroll"]) {
                const { certificate, key } = await trial.client(trial.pumps, "pump-4");
                const keyOut = trial.deployment.project.file("go.key");
                const pem = await go(
                    operation,
                    ...["-cert", certificate, "-key", key, "-keyout", keyOut],
                );
                await connects(await trial.connection("pump-4", pem, keyOut));
            }
        });

        it("is told why it is refused", async () => {
            const { certificate, key } = await trial.client(trial.pumps, "pump-4");
            const keyOut = trial.deployment.project.file("go.key");
            const by = ["-cert", certificate, "-key", key, "-keyout", keyOut];
            await assert.rejects(go("simplereenroll", ...by, "-name", "pump-5"), {
                stdout: "refused: 403 otherName\n",
            });
            await assert.rejects(
                go("simpleenroll", "-user", "own-1:guessed", "-name", "own-1", "-keyout", keyOut),
                { stdout: "refused: 401 wrongSecret\n" },
            );
        });
    });

    describe("a person", () => {
        it("renews by the commands of docs/est.md, with curl and with strongSwan", async function () {
            const page = readFileSync(path.resolve(__dirname, "../../docs/est.md"), "utf8");
            const [, block] = /## For devices[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
            const [curlLines, pki] = block.split(/^(?=pki )/m);
            const at = new URL(trial.service.address).host;
            for (const [name, command] of Object.entries({ curl: curlLines, pki })) {
                if (name === "pki") {
                    requireStrongSwan(this);
                }
                const folder = trial.deployment.project.file(`shown-${name}`);
                mkdirSync(folder);
                const by = await trial.client(trial.pumps, "pump-1");
                const copies = {
                    "est-ca.pem": trial.serverCa,
                    "pump-01.pem": by.certificate,
                    "pump-01.key": by.key,
                };
                for (const [copy, original] of Object.entries(copies)) {
                    copyFileSync(original, path.join(folder, copy));
                }
                const csr =
                    "openssl req -new -newkey rsa:2048 -nodes -keyout new.key -subj /CN=pump-1 -outform DER -out new.csr";
                const adapted = command
                    .replace(/est\.example:8443/g, at)
                    .replace("/CN=pump-01", "/CN=pump-1");
                const steps = name === "pki" ? `${csr}\n${adapted}` : adapted;
                await run("bash", ["-e", "-o", "pipefail", "-c", steps], {
                    cwd: folder,
                    env: { ...process.env, no_proxy: "*" },
                });
                const [key, pem] = ["new.key", "new.pem"].map((one) => path.join(folder, one));
                await connects(
                    await trial.connection(
                        "pump-1",
                        readFileSync(pem, "utf8").trimEnd() + "\n",
                        key,
                    ),
                );
            }
        });
    });

    describe("others", () => {
        const renew = async (id: string, ...args: string[]): Promise<Reply> => {
            const { certificate, key } = await trial.client(trial.pumps, id);
            const asked = await trial.request(id);
            return curl(
                trial.serverCa,
                url("simplereenroll"),
                ...["--cert", certificate, "--key", key, "--data-binary", `@${asked.file}`],
                ...args,
            );
        };

        it("send a body in pieces, without or with another media type, and ask before they send it", async () => {
            const type = (value: string) => ["-H", `Content-Type:${value}`];
            for (const args of [
                [...type(" application/pkcs10"), "-H", "Transfer-Encoding: chunked"],
                type(""),
                type(' Application/PKCS10; name="request.p10"'),
                [...type(" application/pkcs10"), "-H", "Expect: 100-continue"],
            ]) {
                const { status, body } = await renew("pump-5", ...args);
                assert.equal(status, 200, `${args.join(" ")}: ${body}`);
            }
        });

        it("send a password when they are asked for it", async () => {
            const data = ["--data-binary", `@${first.file}`];
            const by = ["--anyauth", "--user", `own-1:${secret}`, ...data];
            const type = ["-H", "Content-Type: application/pkcs10"];
            const { headers } = await curl(trial.serverCa, url("simpleenroll"), ...by, ...type);
            assert.match(headers, /^HTTP\/1\.1 401 [^]*\nHTTP\/1\.1 200 /);
        });

        it("ask several times over one connection, with TLS 1.2 and with 1.3", async () => {
            const { certificate, key } = await trial.client(trial.pumps, "pump-6");
            for (const version of ["1.2", "1.3"]) {
                const asked = await trial.request("pump-6");
                const common = [
                    ...["-s", "--noproxy", "*", "--cacert", trial.serverCa, "-o", "/dev/null"],
                    ...["--cert", certificate, "--key", key],
                    ...["--tls-max", version, `--tlsv${version}`],
                    ...["-w", "%{http_code} %{num_connects}\n"],
                ];
                const { stdout } = await run("curl", [
                    ...[...common, url("cacerts"), "--next"],
                    ...[...common, "-H", "Content-Type: application/pkcs10"],
                    ...["--data-binary", `@${asked.file}`, url("simpleenroll")],
                ]);
                assert.equal(stdout, "200 1\n200 0\n");
            }
        });

        it("may not negotiate again within a connection", async () => {
            const { port } = new URL(trial.service.address);
            const client = spawn("openssl", [
                ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"],
                ...["-CAfile", trial.serverCa, "-tls1_2"],
            ]);
            const said = text(client.stderr);
            client.stdin.write("R\n");
            await new Promise((resolve) => client.once("exit", resolve));
            assert.match(await said, /no[ _]renegotiation/i);
        });
    });
});
