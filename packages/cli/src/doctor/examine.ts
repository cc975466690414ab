import type { DoctorLog } from "./doctor-log.ts";
import type { DoctorPatient } from "./doctor-patient.ts";
import { examineConfiguration } from "./examine-configuration.ts";
import { examineConnections } from "./examine-connections.ts";
import { examineIssuers } from "./examine-issuers.ts";
import { examineMachine } from "./examine-machine.ts";
import { examineRunning } from "./examine-running.ts";
import { examineSecrets } from "./examine-secrets.ts";
import { examineStores } from "./examine-stores.ts";

/** Runs every check; what is found goes to the log, in the order of the table but for clocks, which issuers tell. */
export async function examine(patient: DoctorPatient, log: DoctorLog): Promise<void> {
  examineConfiguration(patient, log);
  examineSecrets(patient, log);
  await examineMachine(patient.configuration, log);
  await examineIssuers(patient, log);
  await examineStores(patient.configuration, log);
  await examineConnections(patient, log);
  await examineRunning(patient, log);
}
