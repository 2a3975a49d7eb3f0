/** The form of a JSON value: an object of forms, `{"[]": form}` for a list's items, or types joined by `|`. */
export type Form = string | { readonly [field: string]: Form };

export function hostForm(host: string): string;
export function pathForm(pathname: string): string;
export function bodyForm(value: unknown, name?: string): Form;
export function headerForms(
    headers: Readonly<Record<string, unknown>>,
    names: readonly string[],
): Record<string, string>;
export function merged(one: Form | undefined, other: Form | undefined): Form | undefined;
