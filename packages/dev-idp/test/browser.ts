/** A browser as far as a sign-in needs one: cookies by path, redirects by hand, forms. */

import assert from "node:assert/strict";

interface Cookie {
  readonly value: string;
  readonly path: string;
}

export interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

export class Browser {
  readonly #cookies = new Map<string, Cookie>();

  #cookieHeader(url: URL): string {
    const fitting = [...this.#cookies].filter(([, { path }]) => url.pathname.startsWith(path));
    return fitting.map(([key, { value }]) => `${key.split(" ")[0]}=${value}`).join("; ");
  }

  #remember(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      const path = attributes.find((attribute) => attribute.startsWith("path="))?.slice(5) ?? "/";
      assert.ok(attributes.includes("httponly") && attributes.includes("samesite=lax"), `${name} is guarded`);
      if (value === "") this.#cookies.delete(`${name} ${path}`);
      else this.#cookies.set(`${name} ${path}`, { value, path });
    }
  }

  /** One request; a form makes it a POST. Redirects are not followed. */
  async ask(address: string | URL, form?: Readonly<Record<string, string>>): Promise<Page> {
    const url = new URL(address);
    const response = await fetch(url, {
      method: form === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: { cookie: this.#cookieHeader(url) },
      body: form === undefined ? null : new URLSearchParams(form),
    });
    this.#remember(response);
    const location = response.headers.get("location");
    return {
      status: response.status,
      location: location === null ? undefined : new URL(location, url).href,
      text: await response.text(),
    };
  }

  /** Follows redirects until a page is shown, or until one leads to `stopAt`, which is not asked for. */
  async follow(
    address: string | URL,
    stopAt: string,
  ): Promise<{ readonly url: string; readonly text: string }> {
    let url = String(address);
    for (let hops = 0; hops < 10; hops += 1) {
      if (url.startsWith(stopAt)) return { url, text: "" };
      const page = await this.ask(url);
      if (page.location === undefined) return { url, text: page.text };
      url = page.location;
    }
    throw new Error("More than ten redirects");
  }
}
