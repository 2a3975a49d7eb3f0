import { OutputMap } from "@pulumi/pulumi/automation";

/** Outputs as a program gives them; the Automation API tells of each whether it is secret, too. */
export function outputValues(outputs: OutputMap): Record<string, unknown> {
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
}
