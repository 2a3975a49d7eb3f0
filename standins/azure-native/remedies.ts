/** Remedies for errors, matched by code and text. Source: Microsoft Learn, "Resolve common Azure deployment errors". */
const remedies: readonly (readonly [pattern: RegExp, remedy: string])[] = [
    [
        /name '.*' (is )?not available|NameNotAvailable|409004/i,
        "the name is taken in Azure: choose another, or omit it to get one with a random suffix",
    ],
    [
        /Max number of|Quota|exceeded/i,
        "the subscription's limit is reached: delete what is not needed, or request a higher limit (portal: Quotas)",
    ],
    [
        /SubscriptionNotFound/,
        "set ARM_SUBSCRIPTION_ID, or run `az account set`, with a subscription that this login can see",
    ],
    [
        /AuthorizationFailed/,
        "this login lacks the permission: grant it the role that the action needs",
    ],
    [
        /MissingSubscriptionRegistration/,
        "register the resource provider once: az provider register --namespace Microsoft.Devices",
    ],
    [
        /TooManyRequests|Throttl|429/i,
        "too many requests, also after retries: run it again in some minutes",
    ],
    [
        /RequestDisallowedByPolicy/,
        "a policy of the subscription forbids it; the message contains its name",
    ],
    [/ScopeLocked/, "a lock forbids it: remove the lock, or keep the resource"],
];

/** The text to append to the service's message; empty when no remedy is known. */
export function remedyFor(status: number, code: string, message: string): string {
    const text = `${status} ${code} ${message}`;
    const found = remedies.find(([pattern]) => pattern.test(text));
    return found === undefined ? "" : ` — ${found[1]}`;
}
