import { execFileSync } from "child_process";
import { mkdirSync } from "fs";
import * as path from "path";
import { Site } from "../measure/site";

/** What a script starts with: a hub, and a folder with a CA (`ca.pem`, `ca.key`) that the hub trusts. */
export interface TestEnvironment {
    readonly folder: string;
    readonly hostName: string;
}

const newCa =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 -keyout ca.key -out ca.pem";

export async function openTestEnvironment(site: Site): Promise<TestEnvironment> {
    const folder = path.join(site.folder, "workshop");
    mkdirSync(path.join(folder, "devices"), { recursive: true });
    const subject = ["-subj", "/CN=IoT Root CA/O=MyOrg/C=US"];
    execFileSync("openssl", [...newCa.split(" "), ...subject], { cwd: folder, stdio: "pipe" });
    const certificate = path.join(folder, "ca.pem");
    return { folder, hostName: await site.child<string>("makeHub", certificate) };
}
