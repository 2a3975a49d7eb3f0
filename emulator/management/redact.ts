const secretNames = /key|secret|password|signing|connectionString|serviceUri/i;
/** Marks of a secret value, whatever its name. */
const secretValues = /PRIVATE KEY-----|SharedAccessKey=|SharedAccessSignature/i;

/** A copy for display, without strings that are secrets by name or by content. */
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
