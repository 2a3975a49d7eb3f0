import type { ServerIdentity } from "../../est/server";
import type { Environment } from "./environment";

/** Where the service reads what it needs, at its start and at each reload. */
export interface Source {
    /** @throws CliError, StackFileError, ConfigurationError */
    read(): Promise<Environment>;
    /** The server's own certificate and key. */
    identity(environment: Environment): Promise<ServerIdentity>;
}
