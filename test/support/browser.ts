import { accessSync, constants } from "fs";
import * as path from "path";
import { Browser, chromium } from "playwright-core";
import { skip } from "./skip";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const elsewhere = [
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Starts the machine's Chromium, without a window. Skips the suite where there is none. */
export function startBrowser(context: Mocha.Context): Promise<Browser> {
    const folders = (process.env.PATH ?? "").split(path.delimiter).filter((one) => one !== "");
    const files = [
        ...names.flatMap((name) => folders.map((folder) => path.join(folder, name))),
        ...elsewhere,
    ];
    const executablePath = files.find(isExecutable);
    if (executablePath === undefined) {
        skip(context, { lacks: "Chromium", why: `none of ${names.join(", ")} is in the PATH` });
    }
    // Chromium's own sandbox does not start for root.
    return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}
