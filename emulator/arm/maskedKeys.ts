import { HubProperties } from "../hub/model";

const key = /\b(SharedAccessKey|AccountKey)=([^;]*)/gi;

/**
 * Properties as a read shows them: keys in connection strings are masked (Azure docs: Get-AzIotHubRoutingEndpoint,
 * "SharedAccessKey=****").
 */
export function masked(properties: HubProperties): HubProperties {
    return mapTexts(properties, (text) => text.replace(key, "$1=****")) as HubProperties;
}

/**
 * Properties of a PUT that carries what a read showed: a masked key is the one that is there already, at the same place
 * (hashicorp/terraform-provider-azurerm#13890 shows such a PUT).
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

/** @param change is given each text with its place: names of members, and for items of lists their name */
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
