import { deviceIds } from "../measure/contender";
import { HubTier, Program } from "../contenders/ours";
import { openSite } from "../measure/point";
import { runMeasured } from "../measure/processGroup";
import { ThrottleTrial } from "../results";

/** As `npm run plan -- --json` prints it. */
interface Plan {
    readonly firstUp: { readonly minutes: number };
}

const tooManyRequests = 429;

/** The smallest paid hub of the standard tier. */
const tier: HubTier = { sku: "S1", units: 1 };

/** Makes devices on a hub that throttles as its tier does on Azure, and compares with what was planned. */
export function throttleTrial(
    devices: number,
    say: (text: string) => void,
): Promise<ThrottleTrial> {
    return openSite(async (site) => {
        const program = await Program.prepare(site, { key: "ECDSA-P256", devices }, tier);
        try {
            program.list(deviceIds(devices));
            const { output } = await runMeasured(program.plan());
            const plannedSeconds = (JSON.parse(output) as Plan).firstUp.minutes * 60;
            say(`planned ${plannedSeconds.toFixed(1)} s`);
            await site.manage("PATCH", "/settings", { throttling: true });
            const up = await site.measure(program.manyAtOnce("up"));
            say(`up ${up.seconds.toFixed(1)} s`);
            const { requests } = await site.manage<{ requests: { outcome: unknown }[] }>(
                "GET",
                "/requests",
            );
            const refused = requests.filter(({ outcome }) => outcome === tooManyRequests).length;
            return { devices, ...tier, plannedSeconds, up, refused };
        } finally {
            program.close();
        }
    });
}
