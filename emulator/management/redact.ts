const secretNames = /key|secret|password|signing|connectionString/i;
/** What tells a secret by itself, whatever it is called. */
const secretValues = /PRIVATE KEY-----|SharedAccessKey=|SharedAccessSignature/i;

/** For reading: strings that are secrets, by their names or by what is in them, are left out. */
export function withoutSecrets(state: unknown): unknown {
    return JSON.parse(
        JSON.stringify(state, (name, value: unknown) => {
            const isNamed = secretNames.test(name);
            return Array.isArray(value)
                ? value.map((one: unknown) => redacted(one, isNamed))
                : redacted(value, isNamed);
        }),
    );
}

function redacted(value: unknown, isNamed: boolean): unknown {
    const isSecret = typeof value === "string" && (isNamed || secretValues.test(value));
    return isSecret ? "[left out]" : value;
}
