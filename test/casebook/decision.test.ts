import { describeProofs } from "./describe-proofs.ts";
import { ENDPOINT_PROOFS } from "./endpoint-proofs.ts";
import { OUTAGE_PROOFS } from "./outage-proofs.ts";

describeProofs("decision", { ...ENDPOINT_PROOFS, ...OUTAGE_PROOFS });
