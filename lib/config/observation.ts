import * as kinds from "./kinds.ts";
import { setting } from "./setting.ts";

/** The section of metrics in the table of settings. */
export const METRICS_SETTINGS = {
  allow: setting(
    "metrics.allow",
    kinds.cidrList,
    "127.0.0.0/8, ::1",
    "Clients that may read /metrics; empty means nobody, and nothing is measured",
  ),
} as const;

/** The section of health in the table of settings. */
export const HEALTH_SETTINGS = {
  allow: setting(
    "health.allow",
    kinds.cidrList,
    "0.0.0.0/0, ::/0",
    "Clients that may ask /healthz and /readyz; empty means nobody",
  ),
} as const;
