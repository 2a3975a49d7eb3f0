import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { rmSync, symlinkSync } from "fs";
import { createServer, Server } from "net";
import * as paths from "path";
import { readSettings } from "../../../../stacks/config";
import { good, problemsOf, ProjectFolder, Raw } from "./configSupport";

describe("configuration: files stay in the project", () => {
    const outside = new ProjectFolder();
    const folder = new ProjectFolder();
    const alias = `${folder.path}-alias`;
    let socket: Server;

    before((done) => {
        for (const place of [outside, folder]) {
            place.write("files/list.csv", "id,group\nfirst,pumps\n");
            place.write("files/root.pem", "root:x:0:0\n");
        }
        folder.openssl("req -x509 -newkey rsa:2048 -nodes -keyout key -out own.pem -subj /CN=own");
        symlinkSync(paths.join(outside.path, "files"), paths.join(folder.path, "folder-out"));
        symlinkSync("files", paths.join(folder.path, "folder-in"));
        symlinkSync("folder-in/list.csv", paths.join(folder.path, "in.csv"));
        for (const [name, target] of [
            ["out.csv", "files/list.csv"],
            ["out.json", "files/list.csv"],
            ["out.pem", "files/root.pem"],
            ["gone.pem", "files/none.pem"],
        ]) {
            symlinkSync(paths.join(outside.path, target), paths.join(folder.path, name));
        }
        symlinkSync(folder.path, alias);
        execFileSync(
            "mkfifo",
            ["fifo.csv", "fifo.pem"].map((name) => paths.join(folder.path, name)),
        );
        symlinkSync("/dev/zero", paths.join(folder.path, "device.pem"));
        socket = createServer().listen(paths.join(folder.path, "socket.pem"), done);
    });
    after(() => {
        socket.close();
        rmSync(alias);
        folder.remove();
        outside.remove();
    });

    const listed = (devicesFile: unknown, at = folder.path): readonly string[] =>
        readSettings(good({ devicesFile }), at).devices.map(({ id }) => id);
    const offline = (name: string): Raw => ({
        pki: { root: { keys: "offline", certificate: name } },
    });
    const thumbprint = (name: string): Raw => ({
        devices: [{ id: "a", auth: "thumbprint", certificates: [name] }],
    });
    const request = (name: string): Raw => ({ devices: [{ id: "a", group: "pumps", csr: name }] });
    const intermediate = (name: string): Raw => ({
        pki: { root: { keys: "offline", certificate: "own.pem" } },
        groups: { pumps: { intermediate: { certificates: { "1": name } } } },
    });
    const proof = (name: string): Raw => ({
        pki: { trust: "root", root: { keys: "offline", certificate: "own.pem", proof: name } },
    });
    const table = (name: string): Raw => ({ devicesFile: name });
    const readers = { offline, thumbprint, request, intermediate, proof };

    /** The one problem that is told of a file; those of the sample root, which is no CA, aside. */
    const problem = (raw: Raw, name: string) => {
        const all = problemsOf(good(raw), folder.path);
        const found = all.filter(({ value }) => value === JSON.stringify(name));
        assert.equal(found.length, 1, JSON.stringify(all, undefined, 2));
        const text = JSON.stringify(all);
        assert(!/root:x|first,|id,group/.test(text), text);
        return found[0];
    };

    it("links and absolute names that resolve inside it are read", () => {
        assert.deepEqual(listed("in.csv"), ["first"]);
        assert.deepEqual(listed("folder-in/list.csv"), ["first"]);
        assert.deepEqual(listed("files/../in.csv"), ["first"]);
        assert.deepEqual(listed(paths.join(folder.path, "in.csv")), ["first"]);
        assert.deepEqual(listed(paths.join(alias, "in.csv")), ["first"]);
        assert.deepEqual(listed(paths.join(folder.path, "in.csv"), alias), ["first"]);
        assert.deepEqual(listed("in.csv", alias), ["first"]);
    });

    it("a table outside is refused, however it is named, and none of its content is shown", () => {
        for (const name of [
            "out.csv",
            "out.json",
            "folder-out/list.csv",
            `../${paths.basename(outside.path)}/files/list.csv`,
        ]) {
            const { path: at, rule, remedy } = problem(table(name), name);
            assert.equal(at, "devicesFile");
            assert.match(rule, /must be in the project's folder/, name);
            assert.match(remedy, /copy the file into/, name);
        }
    });

    it("so are certificates, requests and proofs", () => {
        for (const [kind, raw] of Object.entries(readers)) {
            for (const name of ["out.pem", "folder-out/root.pem", "/etc/passwd"]) {
                assert.match(
                    problem(raw(name), name).rule,
                    /must be in the project's folder/,
                    kind,
                );
            }
        }
    });

    it("the same holds for file names in a table, relative to the table's folder", () => {
        folder.write("files/named.csv", "id,group,csr\nfirst,pumps,../out.pem\n");
        const [found] = problemsOf(good(table("files/named.csv")), folder.path);
        assert.equal(found.path, "files/named.csv:2: csr");
        assert.match(found.rule, /must be in the project's folder/);
    });

    it("a dangling link is a missing file", () => {
        assert.match(problem(offline("gone.pem"), "gone.pem").rule, /gone\.pem must exist/);
    });

    it("pipes, sockets, devices and folders are refused, and no run blocks on them", () => {
        assert.match(problem(table("fifo.csv"), "fifo.csv").rule, /regular file, not a pipe/);
        for (const [kind, raw] of Object.entries(readers)) {
            for (const name of ["fifo.pem", "socket.pem"]) {
                assert.match(problem(raw(name), name).rule, /regular file, not a pipe/, kind);
            }
            assert.match(problem(raw("device.pem"), "device.pem").rule, /project's folder/, kind);
            assert.match(problem(raw("files"), "files").rule, /not a folder/, kind);
        }
    });

    it("a certificate or request has at most 64 KiB, and a table 64 MiB", () => {
        folder.write("large.pem", Buffer.alloc(64 * 1024 + 1, "x"));
        folder.write("full.pem", Buffer.alloc(64 * 1024, "x"));
        for (const [kind, raw] of Object.entries(readers)) {
            assert.match(problem(raw("large.pem"), "large.pem").rule, /at most 64 KiB/, kind);
            const told = JSON.stringify(problemsOf(good(raw("full.pem")), folder.path));
            assert(!told.includes("at most 64 KiB"), told);
        }
        folder.write("large.csv", Buffer.alloc(64 * 1024 * 1024 + 1, "\n"));
        const { rule, remedy } = problem(table("large.csv"), "large.csv");
        assert.match(rule, /a list of devices must have at most 64 MiB/);
        assert.match(remedy, /split it/);
    });

    it("errors quote files briefly and make control characters visible", () => {
        folder.write(
            "odd.json",
            JSON.stringify([{ id: "\u001b[2J".repeat(9), ["k\u0007".repeat(9000)]: 1 }]),
        );
        const problems = problemsOf(good(table("odd.json")), folder.path);
        assert(problems.length >= 2);
        for (const one of problems) {
            const text = Object.values(one).join(" ");
            assert(text.length < 5000, String(text.length));
            assert(!/[\u0000-\u001f]/.test(text), text);
        }
        assert.match(JSON.stringify(problems), /\\u001b\[2J/);
    });
});
