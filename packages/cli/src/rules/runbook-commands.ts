/** The command lines of runbooks. Whoever is called, and a game day, runs them as they stand: values are in variables. */

export type RunbookVariableName =
  | "ADMIN"
  | "ALERTMANAGER"
  | "API_TOKEN_FILE"
  | "AUDIT_FOLDER"
  | "CONFIG"
  | "ISSUER"
  | "KEYS_CONFIG"
  | "KID"
  | "PROMETHEUS"
  | "REVOCATION"
  | "SUBJECT"
  | "TOKEN_FILE";

export interface RunbookVariable {
  readonly about: string;
  readonly example: string;
}

/** What command lines take from the environment. */
export const RUNBOOK_VARIABLES: Readonly<Record<RunbookVariableName, RunbookVariable>> = {
  ADMIN: { about: "the admin listener of the instance", example: "http://127.0.0.1:9402" },
  ALERTMANAGER: { about: "where Alertmanager is", example: "http://127.0.0.1:9093" },
  API_TOKEN_FILE: { about: "the token of the admin API", example: "countersign-api.token" },
  AUDIT_FOLDER: { about: "where the audit trail is written", example: "/var/log/countersign" },
  CONFIG: { about: "the sidecar's configuration", example: "countersign.yaml" },
  ISSUER: { about: "the issuer, as tokens write it", example: "https://idp.example.com/" },
  KEYS_CONFIG: { about: "what our own signing keys are kept in", example: "countersign-keys.yaml" },
  KID: { about: "the key", example: "2026-01" },
  PROMETHEUS: { about: "where Prometheus is", example: "http://127.0.0.1:9090" },
  REVOCATION: { about: "the id that revoking printed", example: "01K0ABCDEF" },
  SUBJECT: { about: "the subject, as tokens write it", example: "user-42" },
  TOKEN_FILE: { about: "a file with one token", example: "token.txt" },
};

export type RunbookCommandName =
  | "ask-alertmanager"
  | "ask-issuer"
  | "ask-liveness"
  | "ask-prometheus"
  | "ask-readiness"
  | "ask-targets"
  | "check-configuration"
  | "continue-rotation"
  | "end-subject"
  | "examine"
  | "examine-production"
  | "explain-token"
  | "lift-revocation"
  | "list-instances"
  | "list-keys"
  | "plan-rotation"
  | "promote-key"
  | "remove-key"
  | "restore-key"
  | "see-held-keys"
  | "see-space"
  | "step-clock"
  | "try-rotation"
  | "verify-trail";

const AUTHORIZED = 'curl -fsS -H "Authorization: Bearer $(cat "$API_TOKEN_FILE")"';

/** One line of `sh` each. */
export const RUNBOOK_COMMANDS: Readonly<Record<RunbookCommandName, string>> = {
  "ask-alertmanager": 'curl -fsS "$ALERTMANAGER/-/ready"',
  "ask-issuer": 'countersign issuer check "$ISSUER"',
  "ask-liveness": 'curl -sS "$ADMIN/healthz/live"',
  "ask-prometheus": 'curl -fsS "$PROMETHEUS/api/v1/alertmanagers"',
  "ask-readiness": 'curl -sS "$ADMIN/healthz/ready"',
  "ask-targets": 'curl -fsS "$PROMETHEUS/api/v1/targets"',
  "check-configuration": 'countersign check --config "$CONFIG"',
  "continue-rotation": 'countersign keys rotate --continue --config "$KEYS_CONFIG"',
  "end-subject":
    'countersign revoke subject "$SUBJECT" --issuer "$ISSUER" --reason "token used twice" --config "$CONFIG"',
  examine: 'countersign doctor --config "$CONFIG"',
  "examine-production": 'countersign doctor --config "$CONFIG" --stage production',
  "explain-token": 'countersign explain --config "$CONFIG" --token-file "$TOKEN_FILE"',
  "lift-revocation": 'countersign revoke lift "$REVOCATION" --reason "a mistake" --config "$CONFIG"',
  "list-instances": `${AUTHORIZED} "$ADMIN/api/v1/instances"`,
  "list-keys": 'countersign keys list --config "$KEYS_CONFIG"',
  "plan-rotation": 'countersign keys plan --config "$KEYS_CONFIG"',
  "promote-key":
    'countersign keys promote "$KID" --emergency --reason "the key after it hurts" --config "$KEYS_CONFIG"',
  "remove-key": 'countersign keys remove "$KID" --reason "its tokens have ended" --config "$KEYS_CONFIG"',
  "restore-key": 'countersign keys restore "$KID" --reason "removed too early" --config "$KEYS_CONFIG"',
  "see-held-keys": `${AUTHORIZED} "$ADMIN/api/v1/keys"`,
  "see-space": 'df -h "$AUDIT_FOLDER"',
  "step-clock": "chronyc makestep",
  "try-rotation": 'countersign keys rotate --dry-run --config "$KEYS_CONFIG"',
  "verify-trail": 'countersign audit verify --config "$CONFIG" --live',
};

/** In the order of their names. */
export function listVariables(commands: readonly RunbookCommandName[]): readonly RunbookVariableName[] {
  const names = commands.flatMap((name) =>
    [...RUNBOOK_COMMANDS[name].matchAll(/\$([A-Z_]+)/g)].map(([, found = ""]) => found),
  );
  return (Object.keys(RUNBOOK_VARIABLES) as RunbookVariableName[]).filter((name) => names.includes(name));
}
