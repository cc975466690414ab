import { IncomingMessage } from "node:http";

const LETTER_X = 0x78;
const LOWER = 0x20;

type Framing = Partial<Record<"host" | "expect" | "te" | "content-length" | "transfer-encoding", string>>;

/**
 * A request whose `headers` hold only what node's server itself asks for: is there a host, what is expected, does a
 * body follow. Whatever answers reads `rawHeaders`, and sorting all of them costs as much as a cached decision.
 */
export class LeanRequest extends IncomingMessage {
  #framing: Framing | undefined;

  static {
    // Node declares a property where it has an accessor, which TypeScript does not let a class override.
    Object.defineProperty(LeanRequest.prototype, "headers", {
      configurable: true,
      get(this: LeanRequest): Framing {
        this.#framing ??= readFraming(this.rawHeaders);
        return this.#framing;
      },
    });
  }
}

/** First values; that there is one is all that node's server looks at, but for what is expected. */
function readFraming(rawHeaders: readonly string[]): Framing {
  const framing: Framing = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    // Few names are as long as one of these, and of those many begin with an "x".
    switch ((name.charCodeAt(0) | LOWER) === LETTER_X ? 0 : name.length) {
      case 2:
      case 4:
      case 6:
      case 14:
      case 17:
        keepFirst(framing, name.toLowerCase(), rawHeaders[index + 1] ?? "");
        break;
      default:
    }
  }
  return framing;
}

function keepFirst(framing: Framing, name: string, value: string): void {
  switch (name) {
    case "te":
    case "host":
    case "expect":
    case "content-length":
    case "transfer-encoding":
      framing[name] ??= value;
      break;
    default:
  }
}
