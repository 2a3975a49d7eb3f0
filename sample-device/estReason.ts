const longestWord = 120;

/**
 * Explains why an EST service issued no certificate. RFC 7030 leaves the text of a refusal to the service; `npm run est`
 * sends one word, whose explanation is in its log.
 */
export function estReason(status: number, text: string, group: string): string {
    const said = text
        .split("\n")[0]
        .replace(/[^\x20-\x7e]/g, "")
        .trim()
        .slice(0, longestWord);
    const answer = [String(status), said].filter((one) => one !== "").join(" ");
    return `${reason(status, said, group)} (the EST service says: ${answer})`;
}

const words: Readonly<Record<string, string>> = {
    tooEarly: "it is too early to renew this certificate",
    alreadyRenewed:
        "this certificate was renewed already, and the newer one is not here: somebody else may have it. Start anew by a one-time secret",
    bootstrapUsed: "the first certificate was fetched already: a one-time secret is used once",
    expired:
        "the certificate has expired: start anew by a one-time secret or a bootstrap certificate",
    deviceDisabled: "this device is disabled",
    deviceUnknown: "no hub has this device: add it to the settings, or register it first",
    groupBlocked: "its group is blocked",
};

function reason(status: number, said: string, group: string): string {
    if (said in words) {
        return words[said];
    }
    switch (status) {
        case 202:
            return "the certificate is not ready yet";
        case 400:
            return "the service rejects the request or its key";
        case 401:
            return "the service wants a certificate of the group or a one-time secret, and does not accept what it got";
        case 403:
            return "the service does not issue a certificate to this device";
        case 404:
            return `the service has no group "${group}": check --est and --group`;
        case 408:
        case 429:
            return "the service is busy";
        default:
            return status >= 500
                ? "the service has a problem"
                : "the service did not issue a certificate";
    }
}
