import type { RequestDescription } from "./decision.ts";
import type { HeaderReading } from "./header-reading.ts";

/** A description with more that is known of the request. */
export function extendDescription(
  request: RequestDescription,
  more: Partial<Pick<RequestDescription, "clientCertificate" | "isOngoing">>,
): RequestDescription {
  // Named, since a getter is not copied.
  return { ...request, headers: request.headers, ...more };
}

/** A description whose headers have been read; pairs of them are made where somebody asks. */
export class DescribedRequest implements RequestDescription {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly target: string;
  readonly reading: HeaderReading;

  constructor(
    line: Pick<RequestDescription, "method" | "scheme" | "host" | "target">,
    reading: HeaderReading,
  ) {
    this.method = line.method;
    this.scheme = line.scheme;
    this.host = line.host;
    this.target = line.target;
    this.reading = reading;
  }

  get headers(): RequestDescription["headers"] {
    return this.reading.pairs;
  }
}
