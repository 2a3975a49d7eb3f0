import { WalkConfig, WalkDevice } from "./config";
import { newGroup } from "../steps/groupSteps";

/**
 * What a walk begins with, by two random numbers: a few devices of each kind in one or two groups, with and without a
 * provisioning service. Keys are elliptic, so that an `up` takes seconds.
 */
export function startConfig(shape: number, kinds: number): WalkConfig {
    const groups = shape % 2 === 0 ? ["a", "b"] : ["a"];
    const hasDps = shape % 3 === 0;
    const config: WalkConfig = {
        organization: "MyOrg",
        // A step waits for nothing that it does not look at.
        hub: { prefix: "walk", routeWaitSeconds: 0 },
        ...(hasDps ? { dps: { prefix: "walk-dps" } } : {}),
        pki: { keyAlgorithm: "ECDSA-P256", root: {} },
        groups: Object.fromEntries(groups.map((name) => [name, newGroup()])),
        devices: {},
        deviceDefaults: {},
        // The walk cuts devices off in every other step; the brake has tests of its own.
        maxCutOff: "unlimited",
        rollover: { accept: 1000 },
    };
    if (hasDps) {
        config.groups.a.provisioning = shape % 2 === 0 ? "dps" : "both";
    }
    const all: readonly WalkDevice["kind"][] = ["generated", "csr", "thumbprint"];
    for (let number = 1; number <= 4; number++) {
        const kind = all[Math.floor(kinds / 3 ** number) % 3];
        const group = groups[number % groups.length];
        config.devices[`d${number}`] = {
            kind,
            place: "list",
            own: 1,
            ...(kind === "thumbprint" ? {} : { group }),
        };
    }
    return config;
}
