/** What an environment variable of this name holds is the address of a {@link HubRateLimiters} in another process. */
export const rateLimitServerVariable = "IOT_X509_RATE_LIMIT_SERVER";
