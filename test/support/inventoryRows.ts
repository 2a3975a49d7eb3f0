import { certificateText } from "../../cli/inventory/certificateText";
import { InventoryRow } from "../../cli/inventory/row";
import { CertificateOptions, issue, Issued, makeCa } from "./pki";

const day = 24 * 3600 * 1000;
const hub = "iot-pages.azure-devices.net";

/** When the inventory was read. */
export const readAt = new Date("2027-01-01T00:00:00.000Z");

function after(days: number): Date {
    return new Date(readAt.getTime() + days * day);
}

function row(
    { certificate }: Issued,
    facts: Pick<InventoryRow, "kind" | "name"> & Partial<InventoryRow>,
): InventoryRow {
    const text = certificateText(certificate);
    const daysLeft = Math.floor((Date.parse(text.notAfter ?? "") - readAt.getTime()) / day);
    return {
        ...text,
        group: null,
        generation: null,
        daysLeft,
        trustedOn: [],
        provisioning: null,
        status: null,
        hub: null,
        lastActivity: null,
        knownFrom: ["state"],
        note: null,
        ...facts,
    };
}

/**
 * An inventory whose texts are of real certificates: a root, three intermediates of two groups, and devices, of which
 * every 100 share a certificate. Ends are spread from 20 days ago to 80 days ahead.
 */
export async function inventoryRows(devices: number): Promise<InventoryRow[]> {
    const organisation = "O=Contoso";
    const ca = (options: CertificateOptions): CertificateOptions => ({
        ca: true,
        organisation,
        ...options,
    });
    const root = await makeCa({ commonName: "Contoso Root", organisation, notAfter: after(3000) });
    const rows = [row(root, { kind: "root", name: "root", generation: 1 })];
    const signers: { signer: Issued; group: string; generation: number }[] = [];
    for (const [group, generation, days] of [
        ["pumps", 1, 200],
        ["pumps", 2, 900],
        ["meters", 1, 25],
    ] as const) {
        const commonName = `${group} G${generation}`;
        const signer = await issue(root, ca({ commonName, notAfter: after(days) }));
        signers.push({ signer, group, generation });
        const name = `${group}-g${generation}`;
        const facts = { group, generation, trustedOn: [hub], knownFrom: ["state", "hub"] } as const;
        rows.push(row(signer, { kind: "intermediate", name, ...facts }));
    }
    const leaves = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
            const of = signers[index % signers.length];
            const notAfter = new Date(after(index - 20).getTime() + day / 2);
            const leaf = {
                commonName: `leaf ${index}`,
                organisation,
                notBefore: after(-90),
                notAfter,
            };
            return { of, issued: await issue(of.signer, leaf) };
        }),
    );
    for (let index = 0; index < devices; index++) {
        const { of, issued } = leaves[(index * 37) % leaves.length];
        const { group, generation } = of;
        rows.push(
            row(issued, {
                kind: "device",
                name: `${group}-${index}`,
                group,
                generation,
                provisioning: "listed",
                status: index % 40 === 0 ? "disabled" : "enabled",
                hub,
                lastActivity: index % 3 === 0 ? null : after(-(index % 50)).toISOString(),
                knownFrom: index % 2 === 0 ? ["state", "hub"] : ["state", "hub", "twin"],
            }),
        );
    }
    return rows;
}

/** A device whose every text would be markup or script, had a page taken it as that. */
export const hostileRow: InventoryRow = {
    kind: "device",
    name: `<img src=x onerror="document.title='ran'">`,
    group: `"><script>document.title='ran'</script>`,
    generation: null,
    subject: "</script><script>document.title='ran'</script>",
    issuer: "<!--<script>",
    sha1Thumbprint: null,
    sha256Thumbprint: "AB".repeat(32),
    serial: null,
    notBefore: null,
    notAfter: null,
    daysLeft: null,
    trustedOn: ["<svg onload=document.title='ran'>"],
    provisioning: null,
    status: "enabled",
    hub: "{b|x}<b>",
    lastActivity: null,
    knownFrom: ["hub"],
    note: "</SCRIPT ><svg><script>document.title='ran'</script></svg>",
};
