import { serve } from "../frame/plugin";
import { randomProvider } from "./provider";

serve("random", randomProvider);
