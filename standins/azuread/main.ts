import { serve } from "../frame/plugin";
import { connect } from "./connect";

serve("azuread", connect);
