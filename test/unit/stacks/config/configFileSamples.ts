import { ProjectFolder } from "./configSupport";

const caExtensions =
    "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign";

/** Makes keys: `rsa`, `weak` (RSA-1024), `ec`, `other` and `field` (P-256), `p521`, `ed` (Ed25519), `locked` (encrypted `ec`). */
export function makeKeys(folder: ProjectFolder): void {
    folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key");
    folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.key");
    const curves = { ec: "P-256", other: "P-256", field: "P-256", p521: "P-521" };
    for (const [name, curve] of Object.entries(curves)) {
        folder.openssl(
            `genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${curve} -out ${name}.key`,
        );
    }
    folder.openssl("genpkey -algorithm ED25519 -out ed.key");
    folder.openssl("pkcs8 -topk8 -in ec.key -passout pass:hidden -out locked.key");
}

/** Makes requests of `pump-1`: `good.csr`, and others that are named for what is wrong with them. */
export function makeRequests(folder: ProjectFolder): void {
    const request = (name: string, key: string, rest = "-subj /CN=pump-1"): void => {
        folder.openssl(`req -new -key ${key}.key ${rest} -out ${name}.csr`);
    };
    request("good", "ec");
    request("sameKey", "ec", "-subj /CN=pump-2");
    request("nameless", "ec", "-subj /O=Contoso");
    request("twoNames", "ec", "-subj /CN=pump-1/CN=pump-2");
    request("otherCase", "ec", "-subj /CN=Pump-1");
    request("weak", "weak");
    request("p521", "p521");
    request("sha1", "rsa", "-sha1 -subj /CN=pump-1");
    request("md5", "rsa", "-md5 -subj /CN=pump-1");
    request("pss", "rsa", "-sigopt rsa_padding_mode:pss -subj /CN=pump-1");
    folder.openssl("req -in good.csr -outform DER -out good.der");
    forge(folder);
    folder.join("both.csr", "good.csr", "sameKey.csr");
    folder.join("withKey.csr", "good.csr", "ec.key");
    folder.join("withLockedKey.csr", "good.csr", "locked.key");
    folder.write("empty.csr", "");
    folder.write("cut.csr", folder.read("good.csr").split("\n").slice(0, 3).join("\n"));
    folder.write("damaged.csr", folder.read("good.csr").replace(/\nMI/, "\nM!"));
    folder.write("nonsense.csr", folder.read("good.csr").replace(/\nMI[^-]*/, "\nAAAA\n"));
}

/** `forged.csr`: a request for `pump-2` with its name changed to `pump-1` after it was signed. */
function forge(folder: ProjectFolder): void {
    const der = folder.openssl("req -in sameKey.csr -outform DER");
    der[der.indexOf("pump-2") + 5] = "1".charCodeAt(0);
    folder.write("forged.der", der);
    folder.openssl("req -inform DER -in forged.der -out forged.csr");
}

/** Makes certificates: `camera` (a device's), `root`, `field` (an intermediate), and faulty ones named for the fault. */
export function makeCertificates(folder: ProjectFolder): void {
    const selfSigned = (name: string, key: string, rest: string): void => {
        folder.openssl(`req -x509 -new -key ${key}.key -days 30 -out ${name}.pem ${rest}`);
    };
    selfSigned("camera", "ec", "-subj /CN=cam-1 -addext basicConstraints=critical,CA:FALSE");
    selfSigned("caCamera", "ec", "-subj /CN=cam-1");
    selfSigned("weakCamera", "weak", "-subj /CN=cam-1");
    selfSigned("root", "rsa", `-subj /CN=Root ${caExtensions}`);
    selfSigned("noRoom", "rsa", `-subj /CN=Root ${caExtensions.replace("TRUE", "TRUE,pathlen:0")}`);
    selfSigned("noCa", "rsa", `-subj /CN=Root ${caExtensions.replace("TRUE", "FALSE")}`);
    selfSigned("noSigner", "rsa", `-subj /CN=Root ${caExtensions.replace("keyCertSign,", "")}`);
    selfSigned("nameless", "rsa", `-subj /O=Contoso ${caExtensions}`);
    selfSigned("p521", "p521", `-subj /CN=Root ${caExtensions}`);
    selfSigned("otherRoot", "other", `-subj /CN=Root ${caExtensions}`);
    folder.join("chain.pem", "camera.pem", "root.pem");
    folder.join("withKey.pem", "camera.pem", "ec.key");

    folder.write("ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    folder.openssl("req -new -key field.key -out field.csr", "-subj", "/CN=Field CA G1");
    const sign = (name: string, rest: string): void => {
        folder.openssl(`x509 -req -in field.csr -out ${name}.pem -CAcreateserial ${rest}`);
    };
    sign("field", "-days 20 -CA root.pem -CAkey rsa.key -extfile ca.ext");
    sign("v1", "-days 20 -CA root.pem -CAkey rsa.key");
    sign("byOther", "-days 20 -CA otherRoot.pem -CAkey other.key -extfile ca.ext");
    sign("sha1", "-days 20 -sha1 -CA root.pem -CAkey rsa.key -extfile ca.ext");
    sign("long", "-days 60 -CA root.pem -CAkey rsa.key -extfile ca.ext");
}
