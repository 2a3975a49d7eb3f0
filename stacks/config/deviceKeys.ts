/** The settings of a device: keys in YAML and JSON, columns in CSV. */
export const deviceKeys: readonly string[] = [
    "id",
    "group",
    "auth",
    "csr",
    "keyGeneration",
    "thumbprints",
    "certificates",
    "status",
    "tags",
    "adopt",
    "enrollment",
];
