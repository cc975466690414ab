import type { AlertRule, RuleGroup } from "./alert-rule.ts";
import { DEPENDENCY_ALERTS } from "./alerts/dependency-alerts.ts";
import { INSTANCE_ALERTS } from "./alerts/instance-alerts.ts";
import { KEY_ALERTS } from "./alerts/key-alerts.ts";
import { REQUEST_ALERTS } from "./alerts/request-alerts.ts";
import { REVOCATION_ALERTS } from "./alerts/revocation-alerts.ts";
import { ROTATION_ALERTS } from "./alerts/rotation-alerts.ts";
import { SERVICE_LEVEL_ALERTS } from "./alerts/service-level-alerts.ts";

/** Every rule that is handed out. */
export const RULE_GROUPS: readonly RuleGroup[] = Object.freeze([
  SERVICE_LEVEL_ALERTS,
  KEY_ALERTS,
  ROTATION_ALERTS,
  REQUEST_ALERTS,
  REVOCATION_ALERTS,
  DEPENDENCY_ALERTS,
  INSTANCE_ALERTS,
]);

/** One for each name, in the order of their names; an alert with several windows is one. */
export function listAlerts(): readonly AlertRule[] {
  const alerts = new Map(
    RULE_GROUPS.flatMap((group) => group.alerts.map((alert) => [alert.name, alert] as const)).toReversed(),
  );
  return [...alerts.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
