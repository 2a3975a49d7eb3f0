/* The walls of the code with its tests: nothing depends on a test, and no circles there either. */
import { noCircle, options, tests } from "./.dependency-cruiser.mjs";

export default {
    forbidden: [
        noCircle,
        {
            name: "nothing-depends-on-tests",
            severity: "error",
            comment: "the bench and the load run share the clients of test/support",
            from: { pathNot: `${tests}|^bench/` },
            to: { path: tests },
        },
    ],
    options: { ...options, exclude: { path: "^(node_modules|\\.local)/" } },
};
