/** The twin tag in which the EST service notes what it issued; see est/marks.ts. */
export const estTag = "iotX509Est";
