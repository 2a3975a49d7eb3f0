/** Stands for the resource ID of the hub that is not the stack's own, which only the running walk knows. */
export const foreignHub = "FOREIGN_HUB";
