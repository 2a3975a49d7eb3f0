/** Environment variable that holds the address of {@link HubRateLimiters} in another process. */
export const rateLimitServerVariable = "IOT_X509_RATE_LIMIT_SERVER";
