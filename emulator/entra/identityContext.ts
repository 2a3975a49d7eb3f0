import { EmulatorContext } from "../context";

/** What Entra and Microsoft Graph need from an emulator. */
export type IdentityContext = Pick<EmulatorContext, "clock" | "directory" | "tenants" | "tokens">;
