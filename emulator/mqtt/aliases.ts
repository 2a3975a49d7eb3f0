import * as net from "net";
import { AddressInfo } from "net";
import { Log } from "../core/log";
import { Hub } from "../hub/model";

export interface HubAlias {
    readonly hub: string;
    readonly hostName: string;
    /** `localhost:PORT`: a host name for connection strings that leads to this hub. */
    readonly alias: string;
}

/**
 * Gives each hub its own loopback port. Device SDKs that can only connect to the host name of the hub can then use
 * `HostName=localhost:PORT`; the port identifies the hub.
 */
export class HubAliases {
    private readonly servers = new Map<Hub, net.Server>();

    constructor(
        private readonly accept: (socket: net.Socket) => void,
        private readonly log: Log,
    ) {}

    async add(hub: Hub): Promise<void> {
        if (this.servers.has(hub)) {
            return;
        }
        const server = net.createServer({ noDelay: true }, this.accept);
        this.servers.set(hub, server);
        await new Promise<void>((resolve) => {
            server.once("error", (error) => {
                this.log.warn(`hub ${hub.name} has no separate port: ${error.message}`);
                this.servers.delete(hub);
                resolve();
            });
            server.listen(0, "127.0.0.1", resolve);
        });
    }

    remove(hub: Hub): void {
        this.servers.get(hub)?.close();
        this.servers.delete(hub);
    }

    /** The hub with this alias. */
    find(alias: string): Hub | undefined {
        for (const [hub, server] of this.servers) {
            if (aliasOf(server) === alias.toLowerCase()) {
                return hub;
            }
        }
        return undefined;
    }

    aliasFor(hub: Hub): string | undefined {
        const server = this.servers.get(hub);
        return server === undefined ? undefined : aliasOf(server);
    }

    list(): HubAlias[] {
        return [...this.servers].flatMap(([hub, server]) => {
            const alias = aliasOf(server);
            return alias === undefined ? [] : [{ hub: hub.name, hostName: hub.hostName, alias }];
        });
    }

    close(): void {
        [...this.servers.keys()].forEach((hub) => this.remove(hub));
    }
}

function aliasOf(server: net.Server): string | undefined {
    const address = server.address() as AddressInfo | null;
    return address === null ? undefined : `localhost:${address.port}`;
}
