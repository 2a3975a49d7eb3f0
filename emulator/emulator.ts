import { AmqpService } from "./amqp/service";
import { Access } from "./roles/access";
import { ArmService } from "./arm/service";
import { ArmStore } from "./arm/store";
import { EmulatorContext } from "./context";
import { Clock } from "./core/clock";
import { Faults } from "./core/faults";
import { Log, silentLog } from "./core/log";
import { defaultSettings, Settings } from "./core/settings";
import { Traffic } from "./core/traffic";
import { DeviceProvisioningApi } from "./dps/deviceApi";
import { DpsService } from "./dps/service";
import { ProvisioningServices } from "./dps/services";
import { notImplemented } from "./core/http";
import { Directory } from "./entra/directory";
import { GraphService } from "./entra/graph";
import { ManagedIdentities } from "./entra/managedIdentities";
import { EntraService } from "./entra/service";
import { Tenants } from "./entra/tenants";
import { Tokens } from "./entra/tokens";
import { MonitoringResources } from "./monitoring/monitoringResources";
import { Namespaces } from "./eventHubs/namespaces";
import { Authority } from "./frontend/authority";
import { Frontend } from "./frontend/frontend";
import { Hubs } from "./hub/hubs";
import { MessageRouting } from "./hub/messageRouting";
import { TelemetryLog } from "./hub/telemetry";
import { ManagementServer } from "./management/server";
import { DeviceGateway } from "./mqtt/gateway";
import { RegistryService } from "./registry/service";
import { Credentials, Snapshot } from "./snapshot";

export interface EmulatorOptions {
    /** Address to listen on. Default 127.0.0.1. */
    readonly host?: string;
    /** Port for HTTPS and the proxy. Default 0: a free port. */
    readonly port?: number;
    /** Port for MQTT and AMQP over TLS. Default 0: a free port. */
    readonly mqttPort?: number;
    /** Port of the management API, always on loopback. Default 0: a free port. */
    readonly managementPort?: number;
    /** The state saved by an earlier run. */
    readonly snapshot?: Snapshot;
    readonly log?: Log;
}

export interface Ports {
    readonly https: number;
    readonly mqtt: number;
    readonly management: number;
}

/** The roles of the initial deployer on its subscription. */
const deployerRoles = [
    "Owner",
    "IoT Hub Data Contributor",
    "Device Provisioning Service Data Contributor",
];

/** A local Azure: all services, their shared state and their listeners. */
export class Emulator {
    private constructor(
        readonly context: EmulatorContext,
        readonly ports: Ports,
        readonly authority: Authority,
        /** The service principal that exists from the start. */
        readonly deployer: Credentials,
        private readonly store: ArmStore,
        private readonly arm: ArmService,
        private readonly listeners: readonly { close(): void | Promise<void> }[],
    ) {}

    static async start(options: EmulatorOptions = {}): Promise<Emulator> {
        const { snapshot, log = silentLog, host = "127.0.0.1" } = options;
        const authority = await Authority.create(snapshot?.authority);
        const clock = new Clock();
        const settings: Settings = { ...defaultSettings };
        const directory = new Directory();
        const store = new ArmStore();
        const routed = {
            log,
            directory,
            access: new Access(clock, settings),
            eventHubs: new Namespaces(),
            identities: new ManagedIdentities(directory),
        };
        const shared = {
            ...routed,
            clock,
            settings,
            tenants: new Tenants(directory),
            faults: new Faults(),
            traffic: new Traffic(),
            routing: new MessageRouting(routed),
            hubs: new Hubs(),
            monitoring: new MonitoringResources(),
            provisioning: new ProvisioningServices(),
            telemetry: new TelemetryLog(),
            tokens: await Tokens.create(clock, directory, snapshot?.tokens),
        };
        if (snapshot !== undefined) {
            directory.restore(snapshot.directory);
            store.restore(snapshot.arm);
            shared.access.restore(snapshot.access);
            shared.hubs.restore(snapshot.hubs);
            shared.provisioning.restore(snapshot.provisioning);
            shared.eventHubs.restore(snapshot.eventHubs ?? { namespaces: [] });
            shared.identities.restore(snapshot.identities ?? { identities: [] });
            shared.monitoring.restore(snapshot.monitoring ?? { resources: [] });
        }
        const gateway = new DeviceGateway(shared, authority);
        const context: EmulatorContext = { ...shared, connections: gateway };
        const amqp = new AmqpService(context);
        gateway.useAmqp((socket) => amqp.accept(socket));
        const arm = new ArmService(context, store);
        const frontend = new Frontend({
            authority,
            faults: shared.faults,
            traffic: shared.traffic,
            log,
            deviceSocket: (socket) => gateway.accept(socket),
            services: {
                entra: new EntraService(context),
                graph: new GraphService(context),
                arm,
                hub: new RegistryService(context),
                dps: new DpsService(context, new DeviceProvisioningApi(context)),
                // Event Hubs are read over AMQP, on the device port.
                eventHubs: { handle: (request) => Promise.resolve(notImplemented(request)) },
            },
        });
        const deployer = snapshot?.deployer ?? makeDeployer(context, store.subscriptionId);
        letUseGraph(context, deployer.clientId);
        const listeners: { close(): void | Promise<void> }[] = [frontend, gateway, amqp];
        try {
            const https = await frontend.listen(host, options.port ?? 0);
            const mqtt = await gateway.listen(host, options.mqttPort ?? 0);
            const ports = { https, mqtt, management: 0 };
            const emulator = new Emulator(
                context,
                ports,
                authority,
                deployer,
                store,
                arm,
                listeners,
            );
            const management = new ManagementServer(emulator, () => gateway.hubAliases());
            listeners.push(management);
            ports.management = await management.listen(options.managementPort ?? 0);
            return emulator;
        } catch (error) {
            await Promise.all(listeners.map((listener) => listener.close()));
            throw error;
        }
    }

    async stop(): Promise<void> {
        await Promise.all(this.listeners.map((listener) => listener.close()));
    }

    /** Adds a subscription to the tenant, in which the deployer has the same roles; it is not saved. */
    addSubscription(): { readonly subscriptionId: string } {
        const { subscriptionId } = this.newSubscription("Another subscription");
        assignDeployerRoles(this.context, subscriptionId, this.deployer.clientId);
        return { subscriptionId };
    }

    /** Adds a tenant with a subscription and a service principal that owns it; none of them is saved. */
    addTenant(): Credentials {
        const { tenants, access } = this.context;
        const directory = tenants.add();
        const { subscriptionId } = this.newSubscription("A subscription of another tenant");
        tenants.own(subscriptionId, directory);
        const made = directory.createServicePrincipal({ displayName: "owner", secret: true });
        for (const role of deployerRoles) {
            access.assignByName(made.objectId, role, `/subscriptions/${subscriptionId}`);
        }
        return {
            tenantId: directory.tenantId,
            subscriptionId,
            clientId: made.appId,
            clientSecret: made.secret ?? "",
        };
    }

    private newSubscription(name: string): ArmStore {
        const store = new ArmStore(name);
        this.arm.add(store);
        return store;
    }

    /** Everything that survives a restart; settings, faults, clock and message logs do not. */
    snapshot(): Snapshot {
        const { directory, tokens, access, hubs, provisioning } = this.context;
        const { eventHubs, identities, monitoring } = this.context;
        return {
            version: 1,
            authority: this.authority.snapshot(),
            directory: directory.snapshot(),
            tokens: tokens.snapshot(),
            arm: this.store.snapshot(),
            access: access.snapshot(),
            hubs: hubs.snapshot(),
            provisioning: provisioning.snapshot(),
            eventHubs: eventHubs.snapshot(),
            identities: identities.snapshot(),
            monitoring: monitoring.snapshot(),
            deployer: this.deployer,
        };
    }

    /** Removes all Azure resources and logs, and resets clock, settings and faults; logins stay valid. */
    reset(): void {
        const { clock, settings, faults, traffic, telemetry, hubs, connections } = this.context;
        hubs.reset();
        this.context.provisioning.reset();
        this.context.eventHubs.reset();
        this.context.identities.reset();
        this.context.monitoring.reset();
        this.context.tenants.reset();
        this.arm.reset();
        this.store.reset();
        this.context.access.reset();
        assignDeployerRoles(this.context, this.store.subscriptionId, this.deployer.clientId);
        connections.clearRefused();
        telemetry.clear();
        traffic.clear();
        faults.clear();
        clock.setOffset(0);
        Object.assign(settings, defaultSettings);
    }
}

function makeDeployer(context: EmulatorContext, subscriptionId: string): Credentials {
    const made = context.directory.createServicePrincipal({
        displayName: "iot-x509 deployer",
        secret: true,
    });
    if (made.secret === undefined) {
        throw new Error("the directory created no client secret for the deployer");
    }
    assignDeployerRoles(context, subscriptionId, made.appId);
    return {
        tenantId: context.directory.tenantId,
        subscriptionId,
        clientId: made.appId,
        clientSecret: made.secret,
    };
}

/** Grants admin consent, without which a service principal may do nothing in Microsoft Graph. */
function letUseGraph({ directory }: EmulatorContext, clientId: string): void {
    const principal = directory.servicePrincipalByAppId(clientId);
    if (principal !== undefined) {
        principal.graphRights = ["Application.ReadWrite.All"];
    }
}

function assignDeployerRoles(
    context: EmulatorContext,
    subscriptionId: string,
    clientId: string,
): void {
    const principal = context.directory.servicePrincipalByAppId(clientId);
    if (principal === undefined) {
        throw new Error("the deployer's service principal does not exist");
    }
    for (const role of deployerRoles) {
        context.access.assignByName(principal.id, role, `/subscriptions/${subscriptionId}`);
    }
}
