import { strict as assert } from "assert";
import { ConfigurationError, readSettings } from "../../../../stacks/config";
import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const alerts = (given: unknown): Raw => good({ alerts: given });
const many = (count: number, of: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => of(index));

describe("configuration: alerts", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const read = (raw: Raw) => readSettings(raw, folder.path).alerts;

    it("are absent by default, and have defaults", () => {
        assert.equal(read(good()), undefined);
        assert.deepEqual(read(alerts({})), {
            emails: [],
            webhooks: [],
            days: [30, 14, 7],
            graceDays: 1,
        });
    });

    it("accept mail addresses, webhooks and days", () => {
        const given = {
            emails: ["iot+alerts@contoso.com"],
            webhooks: ["https://alerts.contoso.com/iot?code=abc", "https://192.0.2.1:8443"],
            days: [60, 7],
            graceDays: 7,
        };
        assert.deepEqual(read(alerts(given)), given);
    });

    it("show no part of a webhook, which is often a password", () => {
        const secret = "http://alerts.contoso.com/S3CRET";
        assert.throws(
            () => read(alerts({ webhooks: [secret, ["S3CRET"]] })),
            (error: Error) =>
                error instanceof ConfigurationError &&
                error.problems.length === 2 &&
                !error.message.includes("S3CRET"),
        );
    });

    refuses(
        () => folder.path,
        inputs([
            [
                "a webhook without TLS",
                alerts({ webhooks: ["http://alerts.contoso.com"] }),
                "alerts.webhooks[0]",
                "(not shown)",
                "begins with https://",
                "pulumi config set --secret",
            ],
            [
                "a webhook twice",
                alerts({ webhooks: ["https://a.contoso.com", "https://a.contoso.com"] }),
                "alerts.webhooks[1]",
                "(not shown)",
                "only once",
                "delete",
            ],
            [
                "a user name in a webhook's address",
                alerts({ webhooks: ["https://me:secret@contoso.com"] }),
                "alerts.webhooks[0]",
                "(not shown)",
                "without user name",
                "https address",
            ],
            [
                "too many webhooks",
                alerts({ webhooks: many(11, (index) => `https://a${index}.contoso.com`) }),
                "alerts.webhooks",
                "a list of 11",
                "at most 10",
                "one receiver",
            ],
            [
                "what is no mail address",
                alerts({ emails: ["operations"] }),
                "alerts.emails[0]",
                '"operations"',
                "mail address",
                "for example",
            ],
            [
                "half a day",
                alerts({ days: [30, 0.5] }),
                "alerts.days[1]",
                "0.5",
                "whole number",
                "for example 30",
            ],
            [
                "zero days",
                alerts({ days: [0] }),
                "alerts.days[0]",
                "0",
                "from 1 to 3650",
                "for example 30",
            ],
            [
                "a day twice",
                alerts({ days: [7, "7"] }),
                "alerts.days[1]",
                '"7"',
                "only once",
                "delete",
            ],
            ["no days", alerts({ days: [] }), "alerts.days", "a list of 0", "1 to 10", "delete it"],
            [
                "a misspelt key",
                alerts({ email: [] }),
                "alerts.email",
                '"email"',
                "not a setting",
                "emails",
            ],
        ]),
    );
});
