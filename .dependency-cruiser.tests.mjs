/* The walls of the code with its tests: nothing depends on a test, and no circles there either. */
import { noCircle, options, tests } from "./.dependency-cruiser.mjs";

export default {
    forbidden: [
        noCircle,
        {
            name: "nothing-depends-on-tests",
            severity: "error",
            comment:
                "clients that tests share with the bench and the load run are in bench/support",
            from: { pathNot: tests },
            to: { path: tests },
        },
    ],
    options: { ...options, exclude: { path: "^(node_modules|\\.local)/" } },
};
