import { strict as assert } from "assert";
import { readSettings } from "../../../../stacks/config";
import { good, ProjectFolder, problemsOf, Raw } from "./configSupport";

const day = 24 * 3600 * 1000;

/** With certificates by OpenSSL, read after their end. */
describe("configuration: a device's own file that cannot be used", () => {
    const folder = new ProjectFolder();
    const now = new Date(Date.now() + 3 * day);

    before(() => {
        for (const [name, days] of [
            ["ended", 1],
            ["lasting", 30],
        ] as const) {
            folder.openssl(
                `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -days ${days} -subj /CN=${name} -out ${name}.pem`,
            );
        }
        folder.write("garbage.csr", "no request");
    });

    after(() => folder.remove());

    const camera = (id: string, file: string, more: Raw = {}): Raw => ({
        ...{ id, auth: "thumbprint", certificates: [file], ...more },
    });

    function read(devices: readonly Raw[]) {
        const told: string[] = [];
        const settings = readSettings(good({ devices }), folder.path, {
            now,
            onUnusableFile: (device, { path, rule, remedy }) =>
                told.push(`${device}: ${path}: ${rule}: ${remedy}`),
        });
        return { settings, told };
    }

    it("refuses the configuration of those who deploy it", () => {
        const devices = [camera("cam-1", "ended.pem")];
        const [problem, ...others] = problemsOf(good({ devices }), folder.path, { now });
        assert.deepEqual([problem.path, others.length], ["devices[0].certificates[0]", 0]);
    });

    it("is told with its device, reason and remedy to those who go on without it, for each device", () => {
        const { settings, told } = read([
            camera("cam-1", "ended.pem"),
            camera("cam-2", "lasting.pem"),
            camera("cam-3", "gone.pem"),
            { id: "pump-1", group: "pumps", csr: "garbage.csr" },
        ]);
        assert.deepEqual(
            told.map((text) => text.slice(0, text.indexOf(": ", 16))),
            [
                "cam-1: devices[0].certificates[0]",
                "cam-3: devices[2].certificates[0]",
                "pump-1: devices[3].csr",
            ],
        );
        assert.match(told[0], /must not have expired: renew the certificate/);
        assert.deepEqual(
            settings.devices.map(({ id, group, status }) => [id, group, status]),
            [
                ["cam-1", undefined, "enabled"],
                ["cam-2", undefined, "enabled"],
                ["cam-3", undefined, "enabled"],
                ["pump-1", "pumps", "enabled"],
            ],
        );
    });

    it("of a disabled device may have expired, and the device stays disabled", () => {
        const { settings, told } = read([camera("cam-1", "ended.pem", { status: "disabled" })]);
        assert.deepEqual(told, []);
        assert.equal(settings.devices[0].status, "disabled");
    });

    it("excuses nothing else: what the settings themselves say must be right", () => {
        assert.throws(
            () => read([camera("cam-1", "ended.pem", { colour: "red" })]),
            /devices\[0\]\.colour/,
        );
        assert.throws(
            () => read([camera("cam-1", "lasting.pem"), camera("cam-2", "lasting.pem")]),
            /a certificate must belong to one device/,
        );
    });
});
