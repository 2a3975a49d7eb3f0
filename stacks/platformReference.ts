import * as pulumi from "@pulumi/pulumi";
import type { AlertScope } from "../components/alerts/alertTarget";
import { own } from "../components/dynamic/values";
import { rateLimitServerVariable } from "../components/dynamic/runVariables";
import { shellWord } from "../components/text/shellWords";
import { hasIssuer } from "./authorities";
import type { FleetBase } from "./fleetBase";
import type { Platform } from "./platform";
import { readPlanned } from "./planned";
import { Outputs, PreviousState } from "./previousState";
import { userError } from "./userError";
import { Settings, Shard } from "./settings";
import { PlatformReference, platformReferenceOutput, platformOutput } from "./shards";

/** The output for fleet stacks; none if there are no fleet stacks. */
export function exportPlatformReference(settings: Settings, platform: Platform): pulumi.Inputs {
    if (settings.shards === undefined) {
        return {};
    }
    const { hub, authorities, provisioning, alerts } = platform;
    const reference: pulumi.Output<PlatformReference> = pulumi.secret({
        hubId: hub.hubId,
        hostName: hub.hostName,
        issuers: Object.fromEntries(authorities.issuers),
        ...(provisioning === undefined
            ? {}
            : {
                  service: {
                      serviceId: provisioning.service.serviceId,
                      hostName: provisioning.service.hostName,
                  },
              }),
        ...(alerts === undefined ? {} : { alerts }),
    });
    return { [platformReferenceOutput]: reference };
}

/** The outputs of a stack as its last run left them. */
export type LastOutputs = Readonly<Record<string, unknown>>;

/** The last outputs of this stack; none under `npm run fleet`, which needs no such check. */
export async function lastOutputs(): Promise<LastOutputs> {
    if (process.env[rateLimitServerVariable] !== undefined) {
        return {};
    }
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    // Reads what a StackReference to this stack would, without adding a resource.
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {
        name,
    })) as { readonly outputs: LastOutputs };
    return outputs;
}

/**
 * `npm run fleet` writes a fleet stack's settings for each run. Without them, the stack would declare another hub.
 *
 * @throws RunError naming the command
 */
export function refuseFleetStackAlone(last: LastOutputs): void {
    const platform = last[platformOutput];
    if (typeof platform === "string") {
        throw userError(
            `${pulumi.getStack()} is a fleet stack of ${platform} and is deployed with it: ` +
                `"npm run fleet -- preview --stack ${shellWord(platform)}" or "npm run fleet -- up --stack ${shellWord(platform)}"`,
        );
    }
}

/**
 * A hub's stack must not declare devices that its fleet stacks still hold: all of them would get new keys.
 *
 * @throws RunError naming the command that brings them back
 */
export function refuseToMakeAnew({ shards }: Settings, last: LastOutputs): void {
    if (shards === undefined && platformReferenceOutput in last) {
        const stack = pulumi.getStack();
        throw userError(
            `the devices of ${stack} are in fleet stacks, but iot-x509:shards is no longer set; declared here, they ` +
                `would all get new keys: "npm run fleet -- up --stack ${shellWord(stack)}" brings them back`,
        );
    }
}

/**
 * What the hub's stack provides for the devices of a fleet stack.
 *
 * @param platform the outputs of the hub's stack, if it exists
 * @param previous the state of the fleet stack
 */
export function handedOver(
    settings: Settings,
    shard: Shard,
    platform: Outputs = {},
    previous = PreviousState.none,
): FleetBase & { readonly alerts: AlertScope | undefined } {
    const known =
        (platform[platformReferenceOutput] as Partial<PlatformReference> | undefined)?.issuers ??
        {};
    const project = pulumi.getProject();
    const reference = new pulumi.StackReference(
        `${pulumi.getOrganization()}/${project}/${shard.of}`,
    );
    const given = reference.getOutput(platformReferenceOutput) as pulumi.Output<
        Partial<PlatformReference> | undefined
    >;
    // Until the hub's stack is deployed with shards, its output only says that devices are being moved.
    const output = given.apply((all) =>
        all?.hubId === undefined ? undefined : (all as PlatformReference),
    );
    const secret = <T>(pick: (all: PlatformReference) => T | undefined): pulumi.Output<T> =>
        output.apply((all) => (all && pick(all)) ?? missing(shard)) as pulumi.Output<T>;
    const open = <T>(pick: (all: PlatformReference) => T | undefined) =>
        pulumi.unsecret(secret(pick));
    const planned = readPlanned();
    const hubId = open((all) => (planned.isHubNew ? undefined : all.hubId));
    const ofIssuer =
        (group: string, part: "certificate" | "privateKey") => (all: PlatformReference) =>
            planned.groups.includes(group) ? undefined : own(all.issuers, group)?.[part];
    return {
        hub: { hubId, hostName: open((all) => all.hostName), ready: [], isNew: false },
        issuers: new Map(
            settings.groups
                .filter((group) => hasIssuer(settings, group) || Object.hasOwn(known, group.name))
                .map(({ name }) => [
                    name,
                    {
                        certificate: open(ofIssuer(name, "certificate")),
                        privateKey: secret(ofIssuer(name, "privateKey")),
                    },
                ]),
        ),
        service: settings.dps && {
            serviceId: open((all) => all.service?.serviceId),
            hostName: open((all) => all.service?.hostName),
            ready: [],
        },
        owner: `${project}/${shard.of}`,
        previous,
        alerts: settings.alerts && {
            resourceGroupName: open((all) => all.alerts?.resourceGroupName),
            workspaceId: open((all) => all.alerts?.workspaceId),
            actionGroupIds: open((all) => all.alerts?.actionGroupIds),
        },
    };
}

/** In a preview, the values of a hub that does not exist yet are unknown. */
function missing<T>({ of }: Shard): T {
    if (pulumi.runtime.isDryRun()) {
        return pulumi.unknown as unknown as T;
    }
    throw userError(
        `the stack ${of} lacks the outputs that its fleet stacks need: ` +
            `run "npm run fleet -- up --stack ${shellWord(of)}"`,
    );
}
