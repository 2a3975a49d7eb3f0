/** Sends a request to an emulator's management API and returns the parsed answer. */
export type Manage = <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;

/** Speaks to the management API at `url`. */
export function managementClient(url: string): Manage {
    return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
        const response = await fetch(url + path, {
            method,
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const answer = (await response.json()) as T;
        if (!response.ok) {
            throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
        }
        return answer;
    };
}

export interface SharedEmulator {
    readonly managementUrl: string;
    readonly mqttPort: number;
    /** `http://127.0.0.1:PORT`. */
    readonly proxy: string;
    readonly caFile: string;
    readonly subscriptionId: string;
    readonly tenantId: string;
    readonly manage: Manage;
}

/** The emulator that `npm test` or `npm run load` started for this whole run. */
export function shared(): SharedEmulator {
    const managementUrl = variable("EMULATOR_MANAGEMENT");
    return {
        managementUrl,
        mqttPort: Number(variable("EMULATOR_MQTT_PORT")),
        proxy: variable("HTTPS_PROXY"),
        caFile: variable("NODE_EXTRA_CA_CERTS"),
        subscriptionId: variable("ARM_SUBSCRIPTION_ID"),
        tenantId: variable("ARM_TENANT_ID"),
        manage: managementClient(managementUrl),
    };
}

function variable(name: string): string {
    const value = process.env[name];
    if (value === undefined || value === "") {
        throw new Error(`${name} is not set: run the tests with "npm test -- FILE ..."`);
    }
    return value;
}
