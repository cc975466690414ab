import type { ClientRequest } from "./scene.ts";

/** What the application saw of one request. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  /** Names and values as they came, repeated ones too. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What became of a probe. */
export interface Observation {
  /** 0 where no answer came. */
  readonly status: number;
  /** Everything that was answered, as text. */
  readonly text: string;
  /** Every request that the application got because of it. */
  readonly reached: readonly UpstreamRequest[];
}

/** A way to the application that guards it: a gateway, or a model of one that asks the sidecar. */
export interface Front {
  send(request: ClientRequest): Promise<Observation>;
}
