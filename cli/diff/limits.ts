import { hubLimits } from "../../components/azure/serviceLimits";
import { deviceTypes } from "../../stacks/previousState";
import { Settings } from "../../stacks/settings";
import { planFleet } from "../plan/plan";
import { throttledMinutes } from "../plan/planModel";
import { Limit, RegistryUse } from "./fleetDiff";
import { Step } from "./step";

/** What `npm run plan` predicts for the fleet after the change. */
export function limitsAfter(settings: Settings): {
    readonly limits: Limit[];
    readonly stateBytes: number;
} {
    const { hub, dps, devices, state } = planFleet(settings, { cores: 1 });
    const limit = (
        what: string,
        { count, limit: most }: { count: number; limit: number },
    ): Limit => ({
        what,
        count,
        limit: most,
    });
    return {
        limits: [
            limit("CAs on the hub", hub.certificates),
            ...(dps === null
                ? []
                : [
                      limit("CAs on the provisioning service", dps.certificates),
                      limit("enrollment groups", dps.enrollmentGroups),
                      limit("individual enrollments", dps.individualEnrollments),
                  ]),
            limit("devices on the hub's list", devices.listed),
        ],
        stateBytes: state.bytes,
    };
}

/** @param toCome devices of fleet stacks that do not exist yet and therefore have no steps */
export function registryUse(
    steps: readonly Step[],
    { hub: { sku, units } }: Settings,
    toCome: number,
): RegistryUse {
    const changed = steps.filter(({ type }) => type === deviceTypes.identity);
    const operations = changed.reduce(
        (sum, { action }) => sum + (action === "replace" ? 2 : 1),
        toCome,
    );
    const { registryPerMinute } = hubLimits({ sku, units });
    return {
        operations,
        minutes: throttledMinutes(operations, registryPerMinute),
        hub: `${sku} x ${units}`,
    };
}
