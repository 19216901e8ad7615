import { policyOf } from "../pages/policy.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** Not even a redirect to another host is followed. */
export const CONTENT_SECURITY_POLICY: string = policyOf({ script: SCRIPT, style: STYLE, sendsForms: false });
