import { serve } from "../frame/plugin";
import { resourceSpec } from "../frame/packageSchema";
import { connect } from "./connect";
import { resources } from "./resources";

const specs = Object.entries(resources).map(([token, { inputs }]) => [token, resourceSpec(inputs)]);

serve("azuread", connect, Object.fromEntries(specs));
