/** The holder of a valid access token. */
export interface Principal {
    readonly tenantId: string;
    /** Object ID of the service principal; role assignments refer to it. */
    readonly objectId: string;
    /** Client ID of the application. */
    readonly appId: string;
}
