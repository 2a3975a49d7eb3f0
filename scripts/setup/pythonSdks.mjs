/* Installs Azure's SDKs for Python, and prints the path of the Python that has them. */
import { PythonEnvironment } from "./pythonEnvironment.mjs";

/** paho-mqtt 1.6, which the device SDK asks for, is published as source alone. */
const environment = new PythonEnvironment(
    "python-sdks",
    "python-sdks.txt",
    "python-sdks-source.txt",
);
const trial = ["python", "-c", "import azure.identity, azure.iot.device, azure.iot.hub"];

async function main() {
    const version = environment.version("azure-iot-device");
    const status = await environment.install(
        trial,
        `azure-iot-device ${version} cannot be installed`,
    );
    if (status === 0) {
        process.stdout.write(`${environment.find("python")}\n`);
    }
    return status;
}

main().then((status) => process.exit(status));
