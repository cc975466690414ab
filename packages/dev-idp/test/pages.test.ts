import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderConsentPage, renderErrorPage, renderLoginPage } from "../src/pages.ts";

const HOSTILE = `"><script>alert('1')</script>&`;
const HARMLESS = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";

describe("the pages", () => {
  const user = { subject: HOSTILE, name: HOSTILE, email: HOSTILE, roles: [HOSTILE] };
  const pages = {
    login: renderLoginPage({ action: HOSTILE, client: HOSTILE, users: [user], levels: [HOSTILE] }),
    consent: renderConsentPage({ action: HOSTILE, client: HOSTILE, wanted: [HOSTILE] }),
    error: renderErrorPage({ error: HOSTILE, error_description: HOSTILE, state: undefined }),
  };
  for (const [name, html] of Object.entries(pages)) {
    it(`show whatever they are given as text on the ${name} page`, () => {
      assert.equal(html.includes("<script"), false);
      assert.ok(html.includes(HARMLESS));
    });

    it(`ask nobody else for anything on the ${name} page, and say what they are`, () => {
      assert.equal(/https?:|url\(|@import|src=/.test(html), false);
      assert.match(html, /Development only/);
    });
  }
});
