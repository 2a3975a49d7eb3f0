/*
 * The walls of the code, without its tests: which room may depend on which, and no circles. `npm run walls` and `npm test`
 * check them; docs/architecture.md shows the picture.
 */
export const tests = "(^|/)test/";

export const options = {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
        exportsFields: ["exports"],
        conditionNames: ["import", "require", "node", "types"],
        extensions: [".ts", ".mts", ".js", ".mjs", ".json", ".d.ts"],
    },
};

export const noCircle = {
    name: "no-circle",
    severity: "error",
    comment: "files that need each other are one story: merge them, or move what both need",
    from: {},
    to: { circular: true },
};

/** A room depends on itself, on npm packages, on Node's own modules, and on the rooms that are named. */
function room(name, path, others = []) {
    return {
        name,
        severity: "error",
        comment: `${path} may depend on ${[path, ...others].join(", ")} alone`,
        from: { path },
        to: {
            pathNot: [path, ...others, "node_modules/"],
            dependencyTypesNot: ["core"],
        },
    };
}

export default {
    forbidden: [
        noCircle,
        {
            name: "no-circle-of-folders",
            severity: "error",
            scope: "folder",
            from: {},
            to: { circular: true },
        },
        { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
        room("x509", "^components/x509/", ["^components/text/", "^components/async/"]),
        {
            name: "x509-without-pulumi",
            severity: "error",
            comment: "what certificates are does not depend on how they are deployed",
            from: { path: "^components/(x509|text)/" },
            to: { path: "node_modules/@pulumi/" },
        },
        room("components", "^components/"),
        room("stacks", "^stacks/", ["^components/", "^est/(policy|bundle)\\.ts$"]),
        room("program", "^index\\.ts$", ["^stacks/", "^components/"]),
        room("est", "^est/", ["^components/"]),
        {
            name: "est-without-pulumi",
            severity: "error",
            comment: "the service judges and signs; cli/est opens the stack for it",
            from: { path: "^est/" },
            to: { path: "node_modules/@pulumi/|^components/(azure|dynamic)/" },
        },
        room("commands", "^cli/", [
            "^stacks/",
            "^components/",
            "^est/",
            "^scripts/lib/",
            "^sample-device/",
            "^report-page/",
        ]),
        room("emulator", "^emulator/", ["^report-page/"]),
        room("stand-ins", "^standins/"),
        room("sample-device", "^sample-device/"),
        room("report-page", "^report-page/"),
        room("policy", "^policy/"),
    ],
    options: { ...options, exclude: { path: `^(node_modules|\\.local)/|${tests}` } },
};
