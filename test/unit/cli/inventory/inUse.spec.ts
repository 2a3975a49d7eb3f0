import { strict as assert } from "assert";
import { bandOf } from "../../../../cli/expiry/bands";
import { HubDevice } from "../../../../cli/inventory/azureView";
import { HeldDevice } from "../../../../cli/inventory/heldCertificates";
import { inventoryRows } from "../../../../cli/inventory/inventory";
import { EstCertificate } from "../../../../cli/inventory/issuedFile";
import { InventoryRow, unknownText } from "../../../../cli/inventory/row";

const now = new Date("2027-01-01T00:00:00Z");
const day = 24 * 3600 * 1000;
const print = { old: "A1".repeat(32), state: "B2".repeat(32), renewed: "C3".repeat(32) };
const rules = {
    days: [30, 14, 7],
    grace: 1,
    renewBeforeDays: new Map([["pumps", 30]]),
    disabled: new Set<string>(),
};

function end(left: number): string {
    return new Date(now.getTime() + left * day).toISOString();
}

/** What the sources say of one device, as days left. */
interface Case {
    readonly title: string;
    /** Of the certificate in the state. */
    readonly state: number;
    /** Of the certificate that `up` has replaced. */
    readonly former?: number;
    /** Of the latest certificate in the audit log of the EST service. */
    readonly est?: number;
    readonly twin?: readonly [keyof typeof print, left: number];
    readonly hub?: readonly (keyof typeof print)[];
    /** Of what the EST service noted in the identity's tag, the latest first. */
    readonly notes?: readonly (readonly [keyof typeof print, left: number])[];
    /** Of the certificate in the identity's tag. */
    readonly tag?: readonly [keyof typeof print, left: number];
    /** Kind, certificate, sources, band; in the order of the rows. */
    readonly rows: readonly string[];
}

const cases: readonly Case[] = [
    {
        title: "nothing but the state: the state's counts",
        state: 5,
        rows: ["device state state,hub 7"],
    },
    {
        title: "the device reports the state's certificate: it counts",
        state: 5,
        twin: ["state", 5],
        rows: ["device state state,hub,twin 7"],
    },
    {
        title: "the device reports a later one, by EST: the state's is superseded, and raises nothing",
        state: 5,
        twin: ["renewed", 60],
        rows: ["former state state,hub -", "device renewed hub,twin -"],
    },
    {
        title: "the device reports one that ends earlier than the state's: that one counts",
        state: 300,
        twin: ["renewed", 5],
        rows: ["device state state,hub -", "device renewed hub,twin 7"],
    },
    {
        title: "up has renewed it, and the device still reports the former one: that one counts",
        state: 89,
        former: 5,
        twin: ["old", 5],
        rows: ["device state state,hub -", "device old state,hub,twin 7"],
    },
    {
        title: "up has renewed it, and nobody says what the device has: the former one does not count",
        state: 89,
        former: 5,
        rows: ["device state state,hub -", "former - state -"],
    },
    {
        title: "up has renewed it, and the hub still has the former thumbprint: that one counts",
        state: 89,
        former: 5,
        hub: ["old"],
        rows: ["device state state,hub -", "device old state,hub 7"],
    },
    {
        title: "the hub and the tag have a later one: the state's is superseded",
        state: 5,
        hub: ["renewed"],
        tag: ["renewed", 60],
        rows: ["former state state,hub -", "device renewed hub -"],
    },
    {
        title: "the hub has one whose end nobody knows: the state's still counts",
        state: 5,
        hub: ["renewed"],
        rows: ["device state state,hub 7", "device renewed hub -"],
    },
    {
        title: "the tag names one that nobody confirms: it is no fact, and supersedes nothing",
        state: 5,
        tag: ["renewed", 60],
        rows: ["device state state,hub 7"],
    },
    {
        title: "the tag names another one than the hub has: it is no fact",
        state: 5,
        hub: ["state"],
        tag: ["renewed", 60],
        rows: ["device state state,hub 7"],
    },
    {
        title: "the hub refuses what the twin reports: the report is old and does not count",
        state: 60,
        hub: ["state"],
        twin: ["old", 5],
        rows: ["device state state,hub -"],
    },
    {
        title: "the hub takes both during a renewal, and the device says nothing: the later one counts",
        state: 5,
        hub: ["state", "renewed"],
        tag: ["renewed", 60],
        rows: ["former state state,hub -", "device renewed hub -"],
    },
    {
        title: "the hub takes both, and the device reports the earlier one: that one counts, too",
        state: 5,
        hub: ["state", "renewed"],
        tag: ["renewed", 60],
        twin: ["state", 5],
        rows: ["device state state,hub,twin 7", "device renewed hub -"],
    },
    {
        title: "the service issued one that the device does not report: what it reports counts",
        state: 5,
        est: 60,
        twin: ["state", 5],
        rows: ["device renewed est,hub -", "device state state,hub,twin 7"],
    },
    {
        title: "the service noted a later one, and the device reports nothing: the state's is superseded",
        state: 5,
        notes: [["renewed", 60]],
        rows: ["device renewed est,hub -", "former state state,hub -"],
    },
    {
        title: "the service noted one that misses its renewal: it counts",
        state: -40,
        notes: [
            ["renewed", 13],
            ["old", -10],
        ],
        rows: ["device renewed est,hub 14"],
    },
    {
        title: "log and note of the service tell of one certificate",
        state: 5,
        est: 60,
        notes: [["renewed", 60]],
        hub: ["renewed"],
        rows: ["device renewed est,hub -", "former state state,hub -"],
    },
    {
        title: "up issued one after the service: both may be in use, so both count",
        state: 200,
        est: 5,
        rows: ["device renewed est,hub 7", "device state state,hub -"],
    },
    {
        title: "two end together, as their CA does: the one in use counts",
        state: 5,
        twin: ["renewed", 5],
        rows: ["former state state,hub -", "device renewed hub,twin 7"],
    },
    {
        title: "what renews by itself raises nothing while its renewal is only due",
        state: 0,
        twin: ["renewed", 29],
        rows: ["former state state,hub -", "device renewed hub,twin -"],
    },
    {
        title: "what the device reports has expired: expired, whatever the state has",
        state: 80,
        twin: ["renewed", -2],
        rows: ["device state state,hub -", "device renewed hub,twin 0"],
    },
];

const issuer = "CN=IoT Intermediate CA pumps G1, O=Contoso";

function known(one: Case): InventoryRow[] {
    const { state, former, est, twin, hub, tag, notes = [] } = one;
    const text = { ...unknownText, issuer, subject: "CN=pump-1" };
    const held: HeldDevice = {
        id: "pump-1",
        group: "pumps",
        certificate: { ...text, sha256Thumbprint: print.state, notAfter: end(state) },
        generation: 1,
        former:
            former === undefined
                ? []
                : [
                      {
                          thumbprint: print.old.slice(0, 32),
                          generation: 1,
                          keyId: "00",
                          end: end(former).slice(0, 10),
                      },
                  ],
    };
    const [primary, secondary] = hub ?? [];
    const seen: HubDevice = {
        device: {
            deviceId: "pump-1",
            status: "enabled",
            authentication:
                primary === undefined
                    ? { type: "certificateAuthority" }
                    : {
                          type: "selfSigned",
                          x509Thumbprint: {
                              primaryThumbprint: print[primary],
                              ...(secondary && { secondaryThumbprint: print[secondary] }),
                          },
                      },
            tags: {
                ...(tag && {
                    iotX509: {
                        certificate: {
                            generation: 1,
                            notAfter: end(tag[1]),
                            thumbprint: print[tag[0]],
                        },
                    },
                }),
                iotX509Est: {
                    issued: Object.fromEntries(
                        notes.map(([name, left]) => [
                            print[name],
                            {
                                group: "pumps",
                                generation: 1,
                                at: end(left - 90),
                                notAfter: end(left),
                            },
                        ]),
                    ),
                },
            },
        },
        hub: "prod.azure-devices.net",
        lastActivity: undefined,
        reported:
            twin === undefined
                ? {}
                : { certificate: { thumbprint: print[twin[0]], issuer, notAfter: end(twin[1]) } },
    };
    const issued: EstCertificate | undefined =
        est === undefined
            ? undefined
            : {
                  ...text,
                  sha256Thumbprint: print.renewed,
                  notAfter: end(est),
                  group: "pumps",
                  generation: 1,
              };
    return inventoryRows({
        held: {
            authorities: [
                {
                    ...unknownText,
                    name: "pumps-g1",
                    subject: issuer,
                    group: "pumps",
                    generation: 1,
                    source: "state",
                },
            ],
            devices: [held],
            hub: undefined,
            service: undefined,
        },
        configured: [{ id: "pump-1", group: "pumps", provisioning: "listed", thumbprints: [] }],
        azure: { trusted: [], devices: [seen], registered: new Map() },
        issued: issued && new Map([["pump-1", [issued]]]),
        now,
    }).filter(({ name }) => name === "pump-1");
}

function nameOf({ sha256Thumbprint }: InventoryRow): string {
    const found = Object.entries(print).find(([, one]) => one === sha256Thumbprint);
    return found?.[0] ?? "-";
}

describe("which of a device's certificates is in use", () => {
    for (const one of cases) {
        it(one.title, () =>
            assert.deepEqual(
                known(one).map(
                    (row) =>
                        `${row.kind} ${nameOf(row)} ${row.knownFrom.join(",")} ${bandOf(row, rules) ?? "-"}`,
                ),
                one.rows,
            ),
        );
    }

    it("says in a note why the state's certificate is not in use", () => {
        const notes = (one: Omit<Case, "title" | "rows">) =>
            known({ ...one, title: "", rows: [] }).map(({ note }) => note);
        assert.deepEqual(notes({ state: 5, twin: ["renewed", 60] }), [
            "superseded: the device reports a later certificate",
            "not in the state",
        ]);
        assert.equal(
            notes({ state: 300, twin: ["renewed", 5] })[0],
            "not in use yet, or not any more: the device reports another certificate",
        );
    });
});
