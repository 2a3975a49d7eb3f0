import { StackResource, types, Values, Violation } from "../stack";

export interface ChangeBounds {
    readonly maxAdopted: number;
    readonly maxDeleted: number;
    readonly maxReplaced: number;
}

/** A resource in the state before the run. */
export interface HeldResource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: Values;
    readonly outputs?: Values;
    readonly protect?: boolean;
    /** Already replaced, and waiting to be deleted. */
    readonly delete?: boolean;
}

/** Properties whose change replaces a resource, by type; all others are updated in place. */
const identifying: Readonly<Record<string, readonly string[]>> = {
    [types.hub]: ["name", "location"],
    [types.service]: ["name", "location"],
    [types.resourceGroup]: ["name", "location"],
    [types.identity]: ["deviceId", "hubId"],
    [types.registration]: ["registrationId", "serviceId"],
    [types.enrollmentGroup]: ["enrollmentId", "serviceId"],
    [types.verifiedCa]: ["targetId", "thumbprint"],
    [types.key]: ["algorithm", "rsaBits", "ecdsaCurve"],
};

/**
 * What a run would do to a stack that is protected, before it or after it. The engine does not tell policies about
 * deletions: they are the resources in the state that the program no longer declares.
 *
 * @param held the state before the run
 * @param arePruned whether devices removed from the settings are deleted (`pruneDevices`)
 */
export function protectedStack(
    resources: readonly StackResource[],
    held: readonly HeldResource[],
    arePruned: boolean,
    bounds: ChangeBounds,
): Violation[] {
    const isProtected =
        resources.some(({ isProtected: is }) => is) || held.some(({ protect }) => protect === true);
    if (!isProtected) {
        return [];
    }
    const declared = new Map(resources.map((one) => [one.urn, one]));
    const counted = held.filter(
        (one) => Object.hasOwn(identifying, one.type) && one.delete !== true,
    );
    const before = new Set(held.map(({ urn }) => urn));
    const adopted = resources.filter(
        ({ type, urn, props }) =>
            type === types.identity && props.adopt === true && !before.has(urn),
    );
    const isKept = (type: string): boolean =>
        !arePruned && [types.identity, types.registration].some((one) => one === type);
    const deleted = counted.filter(({ urn, type }) => !declared.has(urn) && !isKept(type));
    const replaced = counted.filter((one) => {
        const next = declared.get(one.urn);
        return next !== undefined && isAnother(one, next);
    });
    return [
        ...tooMany(adopted, bounds.maxAdopted, "adopted", "maxAdopted", "leave out adopt"),
        ...tooMany(
            deleted,
            bounds.maxDeleted,
            "deleted",
            "maxDeleted",
            "bring them back into the settings, disable them, or change fewer at a time",
        ),
        ...tooMany(
            replaced,
            bounds.maxReplaced,
            "replaced",
            "maxReplaced",
            "take back the change of name, location or key",
        ),
    ];
}

/** In a preview, some values have the form of the inputs and some that of the outputs. */
function isAnother({ type, inputs, outputs }: HeldResource, { props }: StackResource): boolean {
    return identifying[type].some((name) => {
        const is = props[name];
        const held = [inputs?.[name], outputs?.[name]].filter(isText);
        return isText(is) && held.length > 0 && held.every((was) => differs(was, is));
    });
}

function isText(value: unknown): value is string | number {
    return typeof value === "string" || typeof value === "number";
}

/** Compares names as Azure does, and regions, which Azure writes in two forms. */
function differs(one: string | number, other: string | number): boolean {
    const plain = (text: string | number): string => String(text).toLowerCase().replace(/ /g, "");
    return plain(one) !== plain(other);
}

function tooMany(
    found: readonly { readonly urn: string }[],
    most: number,
    done: string,
    bound: string,
    remedy: string,
): Violation[] {
    const names = found.slice(0, 5).map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
    return found.length <= most
        ? []
        : [
              {
                  message:
                      `${found.length} resources of a protected stack would be ${done}, more than ${most}: ${names.join(", ")}` +
                      `${found.length > names.length ? ", …" : ""} — ${remedy}, or raise this rule's ${bound} for the run that is meant to`,
              },
          ];
}
