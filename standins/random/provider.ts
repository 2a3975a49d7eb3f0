import { randomInt } from "crypto";
import { PlannedProvider } from "../frame/plannedProvider";
import { Created } from "../frame/provider";
import { Values } from "../frame/values";

const special = "!@#$%&*()-_=+[]{}<>:?";
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";

/** What the official plug-in also writes; none of these is an input here. */
const fixed = {
    lower: true,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
    minUpper: 0,
    number: true,
    numeric: true,
};

/** The random resources that this program uses, modelled on terraform-provider-random (`internal/provider`). */
export function randomProvider(): PlannedProvider {
    return new PlannedProvider("random", {
        "random:index/randomString:RandomString": {
            inputs: {
                length: { kind: "integer", required: true, minimum: 1 },
                special: { kind: "boolean", fallback: true },
                upper: { kind: "boolean", fallback: true },
            },
            computed: ["id", "result"],
            secretOutputs: [],
            schemaVersion: 2,
            planComputed: () => fixed,
            create: randomString,
        },
    });
}

function randomString(planned: Values): Promise<Created> {
    const characters = [
        lowerAndDigits,
        planned["upper"] === true ? upper : "",
        planned["special"] === true ? special : "",
    ].join("");
    const pick = (): string => characters[randomInt(characters.length)];
    const result = Array.from({ length: Number(planned["length"]) }, pick).join("");
    return Promise.resolve({ id: result, outputs: { result } });
}
