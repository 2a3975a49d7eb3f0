/** What a spreadsheet did to a cell, worded as the end of a sentence. */
export interface Conversion {
    readonly rule: string;
    readonly remedy: string;
}

const remedy =
    "copy the ID from its source, and set the column's format to Text before you enter or import it; " +
    "if this really is the ID, list the device under devices or in a JSON file";

const months =
    "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mrz|Mai|Okt|Dez|janv|févr|mars|avr|juin|juil|août|sept|déc";
const day = new RegExp(`^(?:\\d{1,2}[-. ]+(?:${months})\\.?|(?:${months})\\.?[- ]\\d{2})$`, "i");
const address = /^(?:\d{1,3}\.){3}\d{1,3}$/;

/**
 * Whether a device ID in a table looks like a number, date or formula that a spreadsheet converted. Leading zeros that it
 * removed leave no trace.
 */
export function conversionOf(id: string): Conversion | undefined {
    if (isErrorValue(id)) {
        return {
            rule: "must be an ID, not the error value of a formula",
            remedy: "correct the formula, or paste the IDs as values",
        };
    }
    if (/^="[^]*"$/.test(id)) {
        return {
            rule: "must be an ID, not a formula that an export wrote to keep leading zeros",
            remedy: "write the ID without the equals sign and the quotes around it",
        };
    }
    if (/^\d+[.,]\d+E[+-]\d+$/i.test(id) || /^\dE\+\d+$/i.test(id)) {
        return {
            rule: "must be an ID, not a number that a spreadsheet shortened (its last digits are lost)",
            remedy,
        };
    }
    if (/^[1-9]\d{14}0{3,}$/.test(id)) {
        return {
            rule: "must be an ID, not a number that a spreadsheet rounded to 15 digits",
            remedy,
        };
    }
    if (/^\d{1,3}(?:[.,']\d{3})+$/.test(id) && !isAddress(id)) {
        return { rule: "must be an ID, not a number with thousands separators", remedy };
    }
    if (/^\d{4,}[.,]0+$/.test(id)) {
        return { rule: "must be an ID, not a number with decimal places", remedy };
    }
    return day.test(id)
        ? { rule: "must be an ID, not a date that a spreadsheet made of it", remedy }
        : undefined;
}

function isAddress(id: string): boolean {
    return address.test(id) && id.split(".").every((part) => Number(part) <= 255);
}

/** Whether a cell holds what a spreadsheet shows for a formula that cannot be computed. */
export function isErrorValue(cell: string): boolean {
    return /^#(?:N\/A|NV|REF!|BEZUG!|NAME\?|VALUE!|WERT!|DIV\/0!|NUM!|ZAHL!|NULL!|SPILL!)$/i.test(
        cell,
    );
}
