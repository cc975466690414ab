import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { runInProcess } from "./kit/run-in-process.ts";
import { createTestFolder } from "./kit/test-tokens.ts";

const GOOD = `
issuers:
  - issuer: https://idp.example.com/
    audiences: [https://api.example.com]
    keys: { discovery: true }
routes:
  - { path: /orders/**, allow: authenticated, scopes: [orders:read] }
  - { path: /health, allow: anonymous }
upstream: http://127.0.0.1:3000
`;

interface Report {
  readonly ok: boolean;
  readonly entries: readonly { readonly feature: string; readonly level: string; readonly path: string }[];
  readonly unaccepted: readonly string[];
  readonly needless: readonly string[];
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

type Result = Awaited<ReturnType<typeof runInProcess>>;

async function convert(target: string, text: string, ...flags: readonly string[]): Promise<Result> {
  await using folder = await createTestFolder();
  const file = await folder.write("countersign.yaml", text);
  return await runInProcess(["convert", "--to", target, file, ...flags]);
}

async function report(target: string, text: string, ...flags: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await convert(target, text, "--json", ...flags);
  assert.equal(stderr, "");
  return JSON.parse(stdout) as Report;
}

/** The template's routes, with all that weakens named. */
async function convertRoutes(text: string): Promise<Readonly<Record<string, unknown>>> {
  const { unaccepted } = await report("aws-http-api", text);
  const { ok, files } = await report("aws-http-api", text, "--accept-weaker", unaccepted.join(","));
  assert.ok(ok);
  const { Resources } = JSON.parse(files[0]?.text ?? "") as {
    readonly Resources: Readonly<Record<string, { readonly Properties: Readonly<Record<string, unknown>> }>>;
  };
  return Object.fromEntries(
    Object.values(Resources).flatMap(
      ({ Properties: { RouteKey, AuthorizationType, AuthorizationScopes } }) =>
        typeof RouteKey === "string" ? [[RouteKey, AuthorizationScopes ?? AuthorizationType]] : [],
    ),
  );
}

function listDirectives(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.replace(/(?:^|\s)#.*$/, "").trim());
  return lines.filter((line) => line !== "");
}

test("what convert makes for nginx is, directive by directive, the file that is tested with a real nginx", async () => {
  const { code, stdout, stderr } = await convert("nginx", GOOD);
  const handedOut = await readFile(
    new URL("../../../deploy/nginx/countersign.conf", import.meta.url),
    "utf8",
  );
  assert.equal(code, 0);
  assert.deepEqual(listDirectives(stdout), listDirectives(handedOut));
  assert.match(stderr, /– answers {2}differs: /);
});

test("convert for nginx takes addresses, the namespace and claims of the configuration", async () => {
  const { stdout } = await convert(
    "nginx",
    `${GOOD.replace("127.0.0.1:3000", "127.0.0.1")}
listeners: { decision: "unix:/run/countersign.sock" }
identityHeaders: { prefix: x-id-, claims: { email: email, port: port } }
proxy: { forwardToken: true }
`,
  );
  const directives = listDirectives(stdout);
  for (const expected of [
    "server unix:/run/countersign.sock;",
    "server 127.0.0.1:80;",
    "auth_request_set $countersign_email $upstream_http_x_id_email;",
    "proxy_set_header X-Id-Email $countersign_email;",
    "proxy_set_header X-Id-Port $countersign_claim_port;",
  ])
    assert.ok(directives.includes(expected), expected);
  assert.ok(!directives.includes('proxy_set_header Authorization "";'));
});

test("what convert makes for Traefik says what the file does that is tested with a real Traefik", async () => {
  const { code, stdout } = await convert("traefik", GOOD);
  const handedOut = await readFile(
    new URL("../../../deploy/traefik/countersign.yml", import.meta.url),
    "utf8",
  );
  assert.equal(code, 0);
  assert.deepEqual(parse(stdout), parse(handedOut));
});

test("convert for Traefik takes addresses and the namespace, and lets a token on where it is forwarded", async () => {
  const { stdout } = await convert(
    "traefik",
    `${GOOD}
listeners: { decision: "[::1]:9500" }
identityHeaders: { prefix: x-who-is- }
proxy: { forwardToken: true }
`,
  );
  const { middlewares, routers } = (parse(stdout) as { readonly http: Readonly<Record<string, unknown>> })
    .http;
  assert.deepEqual(middlewares, {
    countersign: {
      forwardAuth: {
        address: "http://[::1]:9500/authz/traefik",
        trustForwardHeader: false,
        authResponseHeadersRegex: "(?i)^x[^a-z0-9]who[^a-z0-9]is[^a-z0-9]",
        maxResponseBodySize: 65_536,
      },
    },
  });
  assert.deepEqual((routers as { readonly application: object }).application, {
    entryPoints: ["web"],
    rule: "PathPrefix(`/`)",
    middlewares: ["countersign"],
    service: "application",
  });
  const socket = await report("traefik", `${GOOD}listeners: { decision: "unix:/run/countersign.sock" }\n`);
  const https = await report("traefik", GOOD.replace("http://127", "https://127"));
  assert.deepEqual([socket.ok, socket.files, https.ok, https.files], [false, [], false, []]);
});

test("convert refuses for nginx what the file could not carry out", async () => {
  const cases: readonly (readonly [added: string, path: string])[] = [
    ["listeners: { decision: off }", "listeners.decision"],
    ["clientCertificate: { header: client-cert, format: rfc9440 }", "clientCertificate"],
  ];
  for (const [added, path] of cases) {
    const { ok, entries, files } = await report("nginx", `${GOOD}${added}\n`);
    assert.equal(ok, false);
    assert.deepEqual(files, []);
    assert.ok(
      entries.some((entry) => entry.path === path && entry.level === "impossible"),
      path,
    );
  }
  const https = await report("nginx", GOOD.replace("http://127", "https://127"));
  assert.deepEqual([https.ok, https.files.length], [false, 0]);
});

test("convert writes nothing that lets in more than before, unless each such feature is named", async () => {
  const refused = await convert("aws-http-api", GOOD);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  const named = /--accept-weaker (\S+)/.exec(refused.stderr)?.[1]?.split(",") ?? [];
  assert.ok(named.includes("lifetime") && named.includes("key-freshness"), refused.stderr);
  for (const left of named) {
    const others = named.filter((feature) => feature !== left).join(",");
    const { ok, unaccepted } = await report("aws-http-api", GOOD, "--accept-weaker", others);
    assert.deepEqual([ok, unaccepted], [false, [left]]);
  }
  const accepted = await convert("aws-http-api", GOOD, "--accept-weaker", named.join(","));
  assert.equal(accepted.code, 0);
  assert.match(accepted.stderr, /! lifetime {2}weaker: /);
});

test("a name that nothing becomes weaker by is refused, since a later weakness would hide behind it", async () => {
  const { ok, needless, files } = await report("nginx", GOOD, "--accept-weaker", "lifetime");
  assert.deepEqual([ok, needless, files], [false, ["lifetime"], []]);
});

test("convert for AWS guards every path of a prefix, and leaves exact routes their own", async () => {
  const text = `${GOOD}`.replace(
    "upstream:",
    "  - { path: /orders, allow: authenticated }\n  - { path: /files, methods: [GET], allow: authenticated }\nupstream:",
  );
  assert.deepEqual(await convertRoutes(text), {
    "ANY /orders/{proxy+}": ["orders:read"],
    "ANY /health": "NONE",
    "ANY /orders": "JWT",
    "GET /files": "JWT",
    "HEAD /files": "JWT",
  });
  assert.deepEqual(await convertRoutes(GOOD.replace("/orders/**", "/**")), {
    "ANY /": ["orders:read"],
    "ANY /{proxy+}": ["orders:read"],
    "ANY /health": "NONE",
  });
});

test("convert for AWS refuses what an authorizer cannot do at all, whatever is named", async () => {
  const cases: readonly (readonly [from: string, to: string, path: string])[] = [
    ["discovery: true", "jwksUri: https://idp.example.com/keys", "issuers[0].keys"],
    ["[https://api.example.com]", "unchecked", "issuers[0].audiences"],
    ["keys:", "principal: { scopes: { path: permissions } }\n    keys:", "issuers[0].principal"],
    ["keys:", "algorithms: [ES256]\n    keys:", "issuers[0].algorithms"],
    ["allow: anonymous", "allow: optional", "routes[1].allow"],
    ["allow: anonymous", "hosts: [api.example.com], allow: anonymous", "routes[1].hosts"],
    ["path: /health", "path: /orders/new, methods: [GET]", "routes[1].methods"],
    ["path: /orders/**", "path: /**, methods: [GET]", "routes[0].methods"],
    ["path: /health", "path: '/a,b'", "routes[1].path"],
    ["path: /health", "path: /orders/**", "routes[1]"],
    ["scopes: [orders:read]", "shadow: true, scopes: [orders:read]", "routes[0].shadow"],
  ];
  for (const [from, to, path] of cases) {
    const text = GOOD.replace(from, to);
    const { unaccepted } = await report("aws-http-api", text);
    const { ok, entries, files } = await report(
      "aws-http-api",
      text,
      "--accept-weaker",
      unaccepted.join(","),
    );
    assert.deepEqual([ok, files], [false, []], to);
    assert.ok(
      entries.some((entry) => entry.path === path && entry.level === "impossible"),
      to,
    );
  }
});

test("convert exits 2 for a file, a target or a name that cannot be", async () => {
  const [missing, target, name] = await Promise.all([
    runInProcess(["convert", "--to", "nginx", "/nowhere.yaml"]),
    convert("apache", GOOD),
    convert("nginx", GOOD, "--accept-weaker", "a b"),
  ]);
  assert.deepEqual([missing.code, target.code, name.code], [2, 2, 2]);
  assert.match(target.stderr, /Allowed choices are nginx, traefik, envoy, aws-http-api/);
});
