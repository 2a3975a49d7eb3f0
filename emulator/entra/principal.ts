/** Who a valid access token speaks for. */
export interface Principal {
    readonly tenantId: string;
    /** Object ID of the service principal: what role assignments name. */
    readonly objectId: string;
    /** Client ID of the application. */
    readonly appId: string;
}
