/** What to do about a refusal, by what its code and text say. Source: Microsoft Learn, "Resolve common Azure deployment errors". */
const remedies: readonly (readonly [pattern: RegExp, remedy: string])[] = [
    [
        /name '.*' (is )?not available|NameNotAvailable|409004/i,
        "the name is taken, in all of Azure: choose another, or leave it out for one with a random suffix",
    ],
    [
        /Max number of|Quota|exceeded/i,
        "the subscription's limit is reached: delete what is not needed, or ask Azure for more (portal: Quotas)",
    ],
    [
        /SubscriptionNotFound/,
        "set ARM_SUBSCRIPTION_ID, or run `az account set`, with one that this login sees",
    ],
    [/AuthorizationFailed/, "this login may not do that: give it the role that the action needs"],
    [
        /MissingSubscriptionRegistration/,
        "register the resource provider once: az provider register --namespace Microsoft.Devices",
    ],
    [/TooManyRequests|Throttl|429/i, "too many requests, for good: run it again in some minutes"],
    [
        /RequestDisallowedByPolicy/,
        "a policy of the subscription forbids it: its name is in the message",
    ],
    [/ScopeLocked/, "a lock forbids it: remove the lock, or leave the resource"],
];

/** After the service's own words; empty when nothing is known. */
export function remedyFor(status: number, code: string, message: string): string {
    const text = `${status} ${code} ${message}`;
    const found = remedies.find(([pattern]) => pattern.test(text));
    return found === undefined ? "" : ` — ${found[1]}`;
}
