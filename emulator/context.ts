import { Access } from "./roles/access";
import { Clock } from "./core/clock";
import { Faults } from "./core/faults";
import { Log } from "./core/log";
import { Settings } from "./core/settings";
import { Traffic } from "./core/traffic";
import { ProvisioningServices } from "./dps/services";
import { Directory } from "./entra/directory";
import { ManagedIdentities } from "./entra/managedIdentities";
import { Tenants } from "./entra/tenants";
import { Tokens } from "./entra/tokens";
import { Namespaces } from "./eventHubs/namespaces";
import { DeviceConnections } from "./hub/connections";
import { Hubs } from "./hub/hubs";
import { MessageRouting } from "./hub/messageRouting";
import { MonitoringResources } from "./monitoring/monitoringResources";
import { TelemetryLog } from "./hub/telemetry";

/** What the services of one emulator share. */
export interface EmulatorContext {
    readonly clock: Clock;
    readonly log: Log;
    readonly settings: Settings;
    readonly faults: Faults;
    readonly traffic: Traffic;
    /** Applications and service principals of the tenant that exists from the start. */
    readonly directory: Directory;
    readonly tenants: Tenants;
    /** Issues and checks access tokens. */
    readonly tokens: Tokens;
    /** Role assignments. */
    readonly access: Access;
    readonly hubs: Hubs;
    readonly provisioning: ProvisioningServices;
    readonly eventHubs: Namespaces;
    /** User-assigned managed identities. */
    readonly identities: ManagedIdentities;
    /** Log Analytics workspaces, action groups and scheduled query rules. */
    readonly monitoring: MonitoringResources;
    /** Routes messages from devices. */
    readonly routing: MessageRouting;
    readonly telemetry: TelemetryLog;
    readonly connections: DeviceConnections;
}
