import { describeProofs } from "./describe-proofs.ts";
import { ENDPOINT_PROOFS } from "./endpoint-proofs.ts";
import { INTROSPECTION_PROOFS } from "./introspection-proofs.ts";
import { OUTAGE_PROOFS } from "./outage-proofs.ts";

describeProofs("decision", { ...ENDPOINT_PROOFS, ...INTROSPECTION_PROOFS, ...OUTAGE_PROOFS });
