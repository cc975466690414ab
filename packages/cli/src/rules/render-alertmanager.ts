import { Document } from "yaml";
import { createTimes } from "./times.ts";

export interface AlertmanagerOptions {
  readonly timeScale?: number;
  /** Called for what pages somebody. */
  readonly pageUrl?: string;
  /** Called for what can wait for the morning. */
  readonly ticketUrl?: string;
  /** Called for the watchdog, which has to come again and again. */
  readonly watchdogUrl?: string;
}

const ABOUT = ` Routes of the alerts: critical pages, warning is a ticket, none is told to nobody but the watchdog's receiver.
 The addresses of the webhooks are examples: put your own receivers in their place, or give them to
 \`countersign rules export --format alertmanager\`.`;

/**
 * The configuration of an Alertmanager from 0.22 on.
 *
 * @throws RangeError for a time scale out of bounds.
 */
export function renderAlertmanager(options: AlertmanagerOptions = {}): string {
  const { timeScale = 1 } = options;
  const { lasting } = createTimes(timeScale);
  const document = new Document({
    route: {
      receiver: "ticket",
      group_by: ["alertname", "job", "issuer"],
      group_wait: lasting(30),
      group_interval: lasting(300),
      repeat_interval: "4h",
      routes: [
        {
          matchers: ['alertname="CountersignWatchdog"'],
          receiver: "watchdog",
          repeat_interval: lasting(300),
        },
        { matchers: ['severity="none"'], receiver: "nobody" },
        { matchers: ['severity="critical"'], receiver: "page", group_wait: "0s" },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="CountersignKeyRotationInProgress"'],
        target_matchers: ['inhibited_by_rotation="true"'],
        equal: ["issuer"],
      },
      {
        source_matchers: ['alertname="CountersignClockSkewCritical"'],
        target_matchers: ['alertname="CountersignClockSkew"'],
        equal: ["job", "instance", "source"],
      },
      {
        source_matchers: ['alertname=~"Countersign.+BudgetBurn"', 'severity="critical"'],
        target_matchers: ['alertname=~"Countersign.+BudgetBurn"', 'severity="warning"'],
        equal: ["alertname", "job"],
      },
    ],
    receivers: [
      describeReceiver("page", options.pageUrl ?? "http://127.0.0.1:9095/page"),
      describeReceiver("ticket", options.ticketUrl ?? "http://127.0.0.1:9095/ticket"),
      describeReceiver("watchdog", options.watchdogUrl ?? "http://127.0.0.1:9095/watchdog"),
      { name: "nobody" },
    ],
  });
  document.commentBefore = ABOUT;
  return document.toString({ lineWidth: 120 });
}

function describeReceiver(name: string, url: string): object {
  return { name, webhook_configs: [{ url, send_resolved: true }] };
}
