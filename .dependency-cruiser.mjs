/*
 * The walls of the code: what may depend on what. `npm run lint` and `npm test` check them.
 * The picture of it is in docs/architecture.md.
 */
const tests = "(^|/)test/";

/** One room may depend on these alone, beside itself, npm packages and Node's own modules. */
function room(name, path, others) {
    const allowed = [path, ...others, "^node_modules/", "^(node:)?[a-z_/]+$"];
    return {
        name,
        severity: "error",
        comment: `${path} depends on itself${others.map((one) => ` and ${one}`).join("")} alone`,
        from: { path, pathNot: tests },
        to: { pathNot: allowed.join("|"), dependencyTypesNot: ["core", "npm", "npm-dev"] },
    };
}

export default {
    forbidden: [
        {
            name: "no-circle",
            severity: "error",
            comment: "files that need each other are one story: merge them, or move what both need",
            from: {},
            to: { circular: true },
        },
        {
            name: "no-circle-of-folders",
            severity: "error",
            scope: "folder",
            from: { path: "^(components|stacks|cli|emulator|standins|scripts|bench)" },
            to: { circular: true },
        },
        {
            name: "nothing-depends-on-tests",
            severity: "error",
            from: { pathNot: tests },
            to: { path: tests },
        },
        {
            name: "resolvable",
            severity: "error",
            from: {},
            to: { couldNotResolve: true },
        },
        room("components", "^components/", []),
        room("stacks", "^stacks/", ["^components/"]),
        room("program", "^index\\.ts$", ["^stacks/", "^components/"]),
        room("commands", "^cli/", ["^stacks/", "^components/", "^scripts/lib/"]),
        room("emulator", "^emulator/", []),
        room("stand-ins", "^standins/", []),
        room("sample-device", "^sample-device/", []),
        room("x509-without-pulumi", "^components/x509/", ["^components/text/"]),
    ],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: { path: "^(node_modules|\\.local)/" },
        tsConfig: { fileName: "tsconfig.json" },
        tsPreCompilationDeps: true,
        enhancedResolveOptions: { extensions: [".ts", ".mts", ".js", ".mjs", ".json", ".d.ts"] },
    },
};
