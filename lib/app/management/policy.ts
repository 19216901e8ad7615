import { policyOf } from "../pages/policy.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** The search box is a form like any other where the script does not run. */
export const CONTENT_SECURITY_POLICY: string = policyOf({ script: SCRIPT, style: STYLE, sendsForms: true });
