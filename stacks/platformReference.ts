import * as pulumi from "@pulumi/pulumi";
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

/** The output for fleet stacks; none where there are none. */
export function exportPlatformReference(settings: Settings, platform: Platform): pulumi.Inputs {
    if (settings.shards === undefined) {
        return {};
    }
    const { hub, authorities, provisioning } = platform;
    const handover: pulumi.Output<PlatformReference> = pulumi.secret({
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
    });
    return { [platformReferenceOutput]: handover };
}

/** The outputs of a stack as its last run left them. */
export type LastOutputs = Readonly<Record<string, unknown>>;

/** Those of this stack; none where `npm run fleet` runs it, which knows what it does. */
export async function lastOutputs(): Promise<LastOutputs> {
    if (process.env[rateLimitServerVariable] !== undefined) {
        return {};
    }
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    // What a StackReference to this stack would read, without being a resource of it.
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {
        name,
    })) as { readonly outputs: LastOutputs };
    return outputs;
}

/**
 * A fleet stack's settings are made for each run of `npm run fleet`. Without them it would be another hub's stack.
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
 * The stack of a hub whose fleet stacks still hold the devices must not declare them: all would get new keys.
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
 * For devices of a fleet stack: what the stack of their hub handed over.
 *
 * @param platform the outputs of that stack, as far as it exists
 * @param previous the state of the fleet stack
 */
export function handedOver(
    settings: Settings,
    shard: Shard,
    platform: Outputs = {},
    previous = PreviousState.none,
): FleetBase {
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
    // Until the hub's stack was deployed with shards, it only says that devices are being moved.
    const handover = given.apply((all) =>
        all?.hubId === undefined ? undefined : (all as PlatformReference),
    );
    const secret = (pick: (all: PlatformReference) => string | undefined): pulumi.Output<string> =>
        handover.apply((all) => (all && pick(all)) ?? missing(shard));
    const open = (pick: (all: PlatformReference) => string | undefined) =>
        pulumi.unsecret(secret(pick));
    const planned = readPlanned();
    const hubId = open((all) => (planned.isHubNew ? undefined : all.hubId));
    const ofIssuer =
        (group: string, part: "certificate" | "privateKey") => (all: PlatformReference) =>
            planned.groups.includes(group) ? undefined : own(all.issuers, group)?.[part];
    return {
        hub: { hubId, hostName: open((all) => all.hostName), ready: [] },
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
    };
}

/** In the preview of a hub that does not exist yet its values are not known. */
function missing({ of }: Shard): string {
    if (pulumi.runtime.isDryRun()) {
        return pulumi.unknown as unknown as string;
    }
    throw userError(
        `the stack ${of} lacks the outputs that its fleet stacks need: ` +
            `run "npm run fleet -- up --stack ${shellWord(of)}"`,
    );
}
