"use strict";
/* eslint-disable @typescript-eslint/no-require-imports -- preloaded by Node as plain CommonJS */
/*
 * Preloaded (NODE_OPTIONS=--require): writes the form of each HTTPS exchange of this process, as one line of JSON, to the
 * file that IOT_X509_LIVE_RECORD names. Values are removed before anything is written: see redact.js. The program's dynamic
 * providers and the SDKs are Node.js programs; requests of the official plugins are not seen.
 */
const fs = require("fs");
const https = require("https");
const { bodyForm, headerForms, hostForm, pathForm } = require("./redact.js");

const requestHeaders = ["content-type", "if-match", "if-none-match"];
const responseHeaders = [
    "content-type",
    "etag",
    "retry-after",
    "location",
    "azure-asyncoperation",
    "iothub-errorcode",
    "www-authenticate",
    "x-ms-continuation",
];
/** Longer bodies are not inspected. */
const longestBody = 16 * 1024 * 1024;

const original = https.request;

function start() {
    https.request = function request(...args) {
        const sent = original.apply(this, args);
        watch(sent);
        return sent;
    };
}

function stop() {
    https.request = original;
}

if (process.env.IOT_X509_LIVE_RECORD) {
    start();
}

module.exports = { start, stop };

function watch(sent) {
    const request = collector();
    for (const name of ["write", "end"]) {
        const method = sent[name];
        sent[name] = function (chunk, ...others) {
            request.add(chunk);
            return method.call(this, chunk, ...others);
        };
    }
    sent.prependOnceListener("response", (answer) => {
        const response = collector();
        const push = answer.push;
        // The parser pushes the body as received; a "data" listener would set the stream flowing.
        answer.push = function (chunk, ...others) {
            if (chunk === null) {
                write(sent, request.text(), answer, response.text());
            } else {
                response.add(chunk);
            }
            return push.call(this, chunk, ...others);
        };
    });
}

function collector() {
    const chunks = [];
    let length = 0;
    return {
        add(chunk) {
            if (
                typeof chunk === "string" ||
                Buffer.isBuffer(chunk) ||
                chunk instanceof Uint8Array
            ) {
                length += chunk.length;
                if (length <= longestBody) {
                    chunks.push(Buffer.from(chunk));
                }
            }
        },
        text: () => (length > longestBody ? "" : Buffer.concat(chunks).toString("utf8")),
    };
}

function write(sent, requestText, answer, responseText) {
    const file = process.env.IOT_X509_LIVE_RECORD;
    try {
        const url = new URL(sent.path, `https://${sent.getHeader("host") ?? sent.host}`);
        const host = hostForm(url.host);
        const isLogin = host.startsWith("login.");
        const line = {
            method: sent.method,
            host,
            path: pathForm(url.pathname),
            apiVersion: /^[0-9a-z-]{1,30}$/.exec(url.searchParams.get("api-version") ?? "")?.[0],
            status: answer.statusCode,
            requestHeaders: headerForms(sent.getHeaders(), requestHeaders),
            responseHeaders: headerForms(answer.headers, responseHeaders),
            request: isLogin ? undefined : textForm(requestText),
            response: isLogin ? undefined : textForm(responseText),
        };
        fs.appendFileSync(file, JSON.stringify(line) + "\n");
    } catch (error) {
        fs.appendFileSync(file, JSON.stringify({ lost: error.name }) + "\n");
    }
}

function textForm(text) {
    if (text === "") {
        return undefined;
    }
    try {
        return bodyForm(JSON.parse(text));
    } catch {
        return "text";
    }
}
