"use strict";
/*
 * Determines what may be recorded of an HTTP exchange: names and forms, never a value that identifies a person or a
 * subscription or reveals a secret. What is not known to be harmless is left out, so that new fields cannot leak anything.
 */

/** Path segments that are followed by a name, which is replaced by a placeholder. Lower case. */
const collections = new Map([
    ["subscriptions", "{subscription}"],
    ["resourcegroups", "{group}"],
    ["iothubs", "{hub}"],
    ["provisioningservices", "{service}"],
    ["certificates", "{certificate}"],
    ["iothubkeys", "{key}"],
    ["keys", "{key}"],
    ["roleassignments", "{assignment}"],
    ["roledefinitions", "{role}"],
    ["devices", "{device}"],
    ["twins", "{device}"],
    ["enrollmentgroups", "{enrollmentGroup}"],
    ["enrollments", "{enrollment}"],
    ["registrations", "{registration}"],
    ["operationresults", "{operation}"],
    ["provisioningserviceoperationresults", "{operation}"],
    ["locations", "{location}"],
    ["eventhubendpoints", "{endpoint}"],
]);

/** API keywords in places where a name could be. */
const verbs = new Set(["query", "devices", "$testall"]);

const guid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const word = /^(v\d\.\d|oauth2|[A-Za-z$.-]{1,60})$/;

/** Hosts that all customers share. */
const commonHosts =
    /^(login\.microsoftonline\.(com|us)|login\.(chinacloudapi|partner\.microsoftonline)\.cn|management\.(azure\.com|usgovcloudapi\.net|chinacloudapi\.cn)|graph\.microsoft\.(com|us)|microsoftgraph\.chinacloudapi\.cn|global\.azure-devices-provisioning\.(net|us|cn))$/;

/** Fields whose values show how a service behaves and reveal nothing about its owner. */
const tellingFields = new Set([
    "code",
    "errorCode",
    "httpStatusCode",
    "state",
    "provisioningState",
    "status",
    "provisioningStatus",
    "allocationPolicy",
    "type",
    "reason",
    "connectionState",
    "statusReason",
    "registrationState",
]);
const tellingValue = /^[A-Za-z][A-Za-z./_ ]{0,60}$/;

/** Objects whose keys are chosen by users. */
const freeObjects = new Set(["tags", "desired", "reported", "userAssignedIdentities"]);
const fieldName = /^[$@]?[A-Za-z][A-Za-z0-9._$@]{0,60}$/;

/** @param {string} host */
function hostForm(host) {
    const name = host.toLowerCase().replace(/:443$/, "");
    if (commonHosts.test(name)) {
        return name;
    }
    const [, suffix] = /^[^.]+\.(azure-devices(?:-provisioning)?\.(?:net|us|cn))$/.exec(name) ?? [];
    return suffix === undefined
        ? "{host}"
        : `${suffix.includes("provisioning") ? "{service}" : "{hub}"}.${suffix}`;
}

/** @param {string} pathname */
function pathForm(pathname) {
    const segments = pathname.split("/");
    return segments
        .map((segment, index) => {
            const text = decoded(segment);
            const place = collections.get(decoded(segments[index - 1] ?? "").toLowerCase());
            if (place !== undefined && text !== "" && !verbs.has(text.toLowerCase())) {
                return place;
            }
            return text === "" || (word.test(text) && !guid.test(text)) ? text : "{value}";
        })
        .join("/");
}

function decoded(segment) {
    try {
        return decodeURIComponent(segment);
    } catch {
        return "{value}";
    }
}

/** The form of a JSON value: an object of forms, `{"[]": form}` for a list's items, or types joined by `|`. */
function bodyForm(value, name = "") {
    if (Array.isArray(value)) {
        return {
            "[]": value.map((one) => bodyForm(one, name)).reduce(merged, undefined) ?? "none",
        };
    }
    if (value !== null && typeof value === "object") {
        const form = {};
        for (const [key, inner] of Object.entries(value)) {
            const shown = !freeObjects.has(name) && fieldName.test(key) && !guid.test(key);
            const kept = shown ? key : "*";
            form[kept] = merged(form[kept], bodyForm(inner, key));
        }
        return form;
    }
    if (tellingFields.has(name)) {
        if (typeof value === "string" && tellingValue.test(value)) {
            return `=${value}`;
        }
        if (typeof value === "number" && Number.isInteger(value)) {
            return `=${value}`;
        }
    }
    return value === null ? "null" : typeof value;
}

/** The form that covers both of two forms. */
function merged(one, other) {
    if (one === undefined || other === undefined) {
        return one ?? other;
    }
    if (typeof one === "object" && typeof other === "object") {
        const form = { ...one };
        for (const [key, inner] of Object.entries(other)) {
            form[key] = merged(form[key], inner);
        }
        return form;
    }
    const texts = [one, other].flatMap((form) =>
        typeof form === "object" ? ["object"] : form.split("|"),
    );
    return [...new Set(texts)].sort().join("|");
}

/** The headers on which clients and services base decisions. */
function headerForms(headers, names) {
    const forms = {};
    for (const name of names) {
        const value = headers[name];
        if (value !== undefined) {
            forms[name] = headerForm(name, String(value));
        }
    }
    return forms;
}

function headerForm(name, value) {
    switch (name) {
        case "etag":
        case "if-match":
        case "if-none-match":
            return value === "*" ? "*" : /^(W\/)?".*"$/.test(value) ? "quoted" : "raw";
        case "content-type":
            return value.split(";")[0].toLowerCase();
        case "retry-after":
        case "iothub-errorcode":
            return /^[A-Za-z0-9]{1,40}$/.test(value) ? value : "present";
        default:
            return "present";
    }
}

module.exports = { hostForm, pathForm, bodyForm, headerForms, merged };
