import { strict as assert } from "assert";
import { AzureError } from "../../../../components/azure/client";
import { changeTags } from "../../../../components/registry/changeTags";
import { HubRegistry } from "../../../../components/registry/hubRegistry";
import { DeviceRecord } from "../../../../components/registry/registry";

type Tags = DeviceRecord["tags"];

describe("a change of a twin's tags", () => {
    /** A hub with one device, on whose twin somebody else writes before each of the first patches. */
    function playing(present: Tags, byOthers: readonly (Tags | "deleted")[] = []) {
        const sent: { readonly tags: Tags; readonly etag: string | undefined }[] = [];
        const left = [...byOthers];
        let version = 1;
        let tags: Tags | undefined = present;
        const record = (now: Tags): DeviceRecord => ({
            deviceId: "d",
            status: "enabled",
            authentication: { type: "certificateAuthority" },
            tags: now,
            twinEtag: `v${version}`,
        });
        const registry = {
            get: async () => (tags === undefined ? undefined : record(tags)),
            async patchTags(_: string, patch: Tags, etag?: string) {
                sent.push({ tags: patch, etag });
                const other = left.shift();
                if (other !== undefined) {
                    version++;
                    tags = other === "deleted" ? undefined : other;
                }
                if (etag !== `v${version}`) {
                    throw new AzureError(412, "PreconditionFailed", "somebody was faster");
                }
                tags = { ...tags, ...patch };
            },
        };
        const hub = { hostName: "h", registry } as unknown as HubRegistry;
        return { hub, sent, known: record(present), now: () => tags };
    }

    const site = (wanted: string) => (found: DeviceRecord) =>
        found.tags.site === wanted ? {} : { site: wanted };

    it("is conditional on the twin as read, and takes one call", async () => {
        const { hub, sent, known, now } = playing({ floor: 1 });
        await changeTags(hub, known, site("north"));
        assert.deepEqual(sent, [{ tags: { site: "north" }, etag: "v1" }]);
        assert.deepEqual(now(), { floor: 1, site: "north" });
    });

    it("is computed again after a concurrent write, and keeps what that wrote", async () => {
        const { hub, sent, known, now } = playing({}, [{ floor: 2 }]);
        await changeTags(hub, known, site("north"));
        assert.deepEqual(
            sent.map(({ etag }) => etag),
            ["v1", "v2"],
        );
        assert.deepEqual(now(), { floor: 2, site: "north" });
    });

    it("is not written if somebody else already did, or if the new tags forbid it", async () => {
        const same = playing({}, [{ site: "north" }]);
        await changeTags(same.hub, same.known, site("north"));
        assert.equal(same.sent.length, 1);
        const taken = playing({}, [{ owner: "other" }]);
        const change = changeTags(taken.hub, taken.known, ({ tags }) => {
            if (tags.owner !== undefined) {
                throw new Error("another stack's");
            }
            return { site: "north" };
        });
        await assert.rejects(change, /another stack's/);
        assert.deepEqual(taken.now(), { owner: "other" });
    });

    it("ends after a limited number of attempts, and when the device is deleted", async () => {
        const busy = playing({}, Array(100).fill({ floor: 3 }));
        await assert.rejects(
            changeTags(busy.hub, busy.known, site("north")),
            /somebody was faster/,
        );
        assert.equal(busy.sent.length, 6);
        const gone = playing({}, ["deleted"]);
        await assert.rejects(changeTags(gone.hub, gone.known, site("north")), /"d" .*was deleted/);
    });
});
