import { HubProperties } from "../hub/model";

const key = /\b(SharedAccessKey|AccountKey)=([^;]*)/gi;

/**
 * Properties as a read returns them: the keys in connection strings are masked (Azure docs:
 * Get-AzIotHubRoutingEndpoint, "SharedAccessKey=****").
 */
export function masked(properties: HubProperties): HubProperties {
    return mapTexts(properties, (text) => text.replace(key, "$1=****")) as HubProperties;
}

/**
 * Restores masked keys in the properties of a PUT that sends back what was read: a masked key stands for the existing
 * key at the same place (hashicorp/terraform-provider-azurerm#13890 shows such a PUT).
 */
export function unmasked(wanted: HubProperties, present: HubProperties): HubProperties {
    const known = new Map<string, string>();
    mapTexts(present, (text, place) => {
        known.set(place, text);
        return text;
    });
    return mapTexts(wanted, (text, place) => {
        const before = known.get(place);
        const isSame = before !== undefined && before.replace(key, "$1=****") === text;
        return isSame ? before : text;
    }) as HubProperties;
}

/** @param change receives each string with its path: member names, and the names of list items */
function mapTexts(
    value: unknown,
    change: (text: string, place: string) => string,
    place = "",
): unknown {
    if (typeof value === "string") {
        return change(value, place);
    }
    if (Array.isArray(value)) {
        return value.map((item: unknown, index) => {
            const { name } = (item ?? {}) as { readonly name?: unknown };
            return mapTexts(item, change, `${place}/${String(name ?? index).toLowerCase()}`);
        });
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
            name,
            mapTexts(inner, change, `${place}/${name}`),
        ]),
    );
}
