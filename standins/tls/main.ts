import { serve } from "../frame/plugin";
import { tlsProvider } from "./provider";

serve("tls", (_settings, log) => tlsProvider(log.warn));
