/* Kinds of options, and what is wrong with their values. Only Node's built-in modules: see commands.mjs. */

export const flag = { type: "boolean", default: false };
export const help = { type: "boolean", default: false };
export const text = { type: "string" };

export const noArguments = (positionals) =>
    positionals.map((one) => `unexpected argument "${one}"`);

export const wholeNumber = (option, value, what) =>
    value === undefined || /^\d{1,5}$/.test(value)
        ? []
        : [`${option} "${value}": must be a whole number ${what}`];

/** Of the address only the host is shown: the rest may hold a webhook's secret. */
export const webhookProblem = (address) => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? "");
    if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback)) {
        return [];
    }
    return [
        `--notify: ${url === undefined ? "that is no address" : `${url.protocol}//${url.host} is not protected by TLS`}: must begin with https://`,
    ];
};
