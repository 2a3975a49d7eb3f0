import { ArmClient } from "../azure-native/armClient";
import { AzureNativeProvider } from "../azure-native/provider";
import { Configuration } from "../azure/configuration";
import { FakeArm } from "./fakeArm";
import { Props, ProviderClient } from "./providerClient";

export const subscription = "11111111-2222-3333-4444-555555555555";
export const group = `/subscriptions/${subscription}/resourceGroups/rg`;

/** A JWT whose payload says who signed in. */
const tokenOf = (claims: Props): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

/** azure-native's stand-in behind a real gRPC connection, its ARM a fake. */
export class Plugin extends ProviderClient {
    readonly scopes: string[] = [];
    readonly warnings: string[] = [];
    /** Milliseconds the plugin waited between calls. */
    readonly waits: number[] = [];
    readonly arm = new FakeArm();

    static start(settings: Record<string, string> = {}): Promise<Plugin> {
        return new Plugin("azure-native").listen(settings);
    }

    private listen(settings: Record<string, string>): Promise<this> {
        const { arm, warnings, scopes, waits } = this;
        const wait = (milliseconds: number): Promise<void> => {
            waits.push(milliseconds);
            return Promise.resolve();
        };
        const credential = {
            getToken: (scope: string | string[]) => {
                scopes.push(String(scope));
                const token = tokenOf({ appid: "app", oid: "object", tid: "tenant" });
                return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 60_000 });
            },
        };
        const configure = (options: ReadonlyMap<string, string>) =>
            new AzureNativeProvider({
                client: new ArmClient(arm, { endpoint: "https://management.azure.com", wait }),
                configuration: new Configuration("azure-native", options, {}),
                cloud: new Configuration("azure-native", options, {}).cloud,
                credential,
                subscriptionId: subscription,
                warn: (_urn, message) => warnings.push(message),
            });
        return this.serve(configure, "3.28.0", settings);
    }
}
