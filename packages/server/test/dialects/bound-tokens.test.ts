import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import {
  createClientCertificate,
  createDpopClient,
  createTestIssuer,
  TEST_PROOF_NAMES,
  TEST_PROOFS,
} from "countersign/testing";
import { CHECK, createCaller } from "../kit/grpc-client.ts";
import { decodeWire, encodeCheck, listMessages, numberOf, textOf } from "../kit/protobuf.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { startUpstream } from "../kit/start-upstream.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64url");
const HOST = "api.test";
const PATH = "/orders";
/** As the client knows it: the scheme is what the gateway says. */
const REQUEST = { method: "GET", url: `https://${HOST}${PATH}` };

const issuer = await createTestIssuer();
const client = await createDpopClient();
const [ours, other] = [await createClientCertificate(), await createClientCertificate()];
const upstream = await startUpstream();

const REST = `
realm: api
routes: [{ path: /**, allow: authenticated }]
upstream: ${upstream.url}
clientCertificate: { header: client-cert, format: rfc9440 }
`;
const listeners =
  'decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0", proxy: "127.0.0.1:0"';
const start = (
  binding: object,
  rest = REST,
  options: Parameters<typeof startSidecar>[1] = {},
): ReturnType<typeof startSidecar> =>
  startSidecar({ issuers: [{ ...issuer.validatorOptions(), binding }], rest, listeners }, options);
const sidecar = await start({ dpop: { algorithms: ["ES256"] } });
const asking = await start({ dpop: { algorithms: ["ES256"], nonce: { secrets: [{ base64url: SECRET }] } } });
/** Of the one whose time can be moved on. */
let lateMs = 0;
const aging = await start(
  { dpop: { algorithms: ["ES256"], nonce: { secrets: [{ base64url: SECRET }] } } },
  REST,
  { clock: () => Date.now() + lateMs },
);
const distrusting = await start({ dpop: {} }, `${REST}\ntrustedProxies: [192.0.2.1]\n`);
after(async () => {
  await Promise.all([sidecar.close(), asking.close(), aging.close(), distrusting.close(), upstream.close()]);
});

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly nonce: string | undefined;
}

type Lines = readonly (readonly [name: string, value: string])[];
type Ask = (lines: Lines, to?: typeof sidecar) => Promise<Answer>;

/** Asks over HTTP with a description that the dialect reads. */
function askHttp(start: string, description: Lines, choose: "decision" | "proxy" = "decision"): Ask {
  return async (lines, to = sidecar) => {
    const text = [...description, ...lines].map(([name, value]) => `${name}: ${value}`);
    const answer = await sendRaw(to[choose], writeRequest(start, text));
    return {
      status: answer.status,
      challenge: headerOf(answer, "www-authenticate").join("|"),
      nonce: headerOf(answer, "dpop-nonce")[0],
    };
  };
}

const askGrpc: Ask = async (lines, to = sidecar) => {
  const caller = createCaller(to.addresses["extAuthz"] ?? "");
  try {
    const headers = lines.map(([name, value]) => [name.toLowerCase(), value] as const);
    const response = decodeWire(await caller.call(CHECK, encodeCheck({ path: PATH, host: HOST, headers })));
    if (numberOf(listMessages(response, 1)[0], 1) === 0) {
      const added = listMessages(response, 3, 6, 1).map((header) => [textOf(header, 1), textOf(header, 2)]);
      return { status: 200, challenge: "", nonce: new Map(added as [string, string][]).get("DPoP-Nonce") };
    }
    const [denied] = listMessages(response, 2);
    const told = new Map(
      listMessages(response, 2, 2, 1).map((header) => [
        textOf(header, 1)?.toLowerCase(),
        textOf(header, 2) ?? textOf(header, 3),
      ]),
    );
    const status = numberOf(denied && listMessages(response, 2, 1)[0], 1);
    return { status, challenge: told.get("www-authenticate") ?? "", nonce: told.get("dpop-nonce") };
  } finally {
    caller.close();
  }
};

const FORWARDED: Lines = [
  ["Host", "sidecar"],
  ["X-Forwarded-Method", "GET"],
  ["X-Forwarded-Uri", `${PATH}?page=2`],
  ["X-Forwarded-Host", HOST],
  ["X-Forwarded-Proto", "https"],
];
const ORIGINAL: Lines = [
  ["Host", "sidecar"],
  ["X-Original-Method", "GET"],
  ["X-Original-URI", `${PATH}?page=2`],
  ["X-Original-Host", HOST],
  ["X-Original-Proto", "https"],
];
const DOORS: readonly (readonly [name: string, ask: Ask])[] = [
  ["nginx", askHttp("GET /authz/nginx", ORIGINAL)],
  ["traefik", askHttp("GET /authz/traefik", FORWARDED)],
  ["caddy", askHttp("GET /authz/caddy", FORWARDED)],
  ["generic", askHttp("GET /authz", FORWARDED)],
  [
    "envoy-http",
    askHttp(`GET /authz/envoy${PATH}`, [
      ["Host", HOST],
      ["X-Forwarded-Proto", "https"],
    ]),
  ],
  ["envoy-grpc", askGrpc],
  [
    "proxy",
    askHttp(
      `GET ${PATH}`,
      [
        ["Host", HOST],
        ["X-Forwarded-Proto", "https"],
      ],
      "proxy",
    ),
  ],
];

async function sign(cnf?: object): Promise<string> {
  return issuer.sign(cnf === undefined ? {} : { cnf: { ...cnf } as Record<string, string> });
}

for (const [name, ask] of DOORS) {
  describe(`bound tokens through ${name}`, () => {
    it("bring the nonce for the next proof with the answer, once theirs is not the newest", async () => {
      const token = await sign({ jkt: client.jkt });
      const present = async (nonce?: string): Promise<Answer> => {
        const proof = await client.prove({ ...REQUEST, token, ...(nonce !== undefined && { nonce }) });
        return ask(
          [
            ["Authorization", `DPoP ${token}`],
            ["DPoP", proof],
          ],
          aging,
        );
      };
      lateMs = 0;
      const { nonce: first } = await present();
      assert.ok(first !== undefined);
      lateMs = 60_000;
      const { status, nonce: second } = await present(first);
      assert.equal(status, 200);
      assert.ok(second !== undefined && second !== first);
      const last = await present(second);
      assert.deepEqual([last.status, last.nonce], [200, undefined]);
    });

    it("pass with a proof for the request that the gateway describes, once", async () => {
      const token = await sign({ jkt: client.jkt });
      const proof = await client.prove({ ...REQUEST, token });
      const lines: Lines = [
        ["Authorization", `DPoP ${token}`],
        ["DPoP", proof],
      ];
      assert.equal((await ask(lines)).status, 200);
      const again = await ask(lines);
      assert.equal(again.status, 401);
      assert.match(again.challenge, /^Bearer realm="api", DPoP realm="api", error="invalid_dpop_proof"/);
      assert.match(again.challenge, /algs="ES256"$/);
    });

    it("are refused under Bearer, without a proof, and with one for the sub-request", async () => {
      const token = await sign({ jkt: client.jkt });
      const bearer = await ask([["Authorization", `Bearer ${token}`]]);
      assert.equal(bearer.status, 401);
      assert.match(
        bearer.challenge,
        /^Bearer realm="api", error="invalid_token"[^|]*, DPoP realm="api", algs="ES256"$/,
      );
      const proof = await client.prove({ ...REQUEST, token });
      const downgraded = await ask([
        ["Authorization", `Bearer ${token}`],
        ["DPoP", proof],
      ]);
      assert.equal(downgraded.status, 401);
      const bare = await ask([["Authorization", `DPoP ${token}`]]);
      assert.equal(bare.status, 401);
      assert.match(bare.challenge, /DPoP realm="api", error="invalid_token"/);
      const elsewhere = await client.prove({ method: "GET", url: "https://sidecar/authz/nginx", token });
      const misdirected = await ask([
        ["Authorization", `DPoP ${token}`],
        ["DPoP", elsewhere],
      ]);
      assert.equal(misdirected.status, 401);
      assert.match(misdirected.challenge, /invalid_dpop_proof/);
    });

    it("are refused with each hostile proof", async () => {
      const token = await sign({ jkt: client.jkt });
      for (const kind of TEST_PROOF_NAMES) {
        const { make, expected } = TEST_PROOFS[kind];
        const proof = await make({ client, request: { ...REQUEST, token } });
        // Larger than the header section of any listener.
        if (expected === "ok" || kind === "oversized") continue;
        const { status } = await ask([
          ["Authorization", `DPoP ${token}`],
          ["DPoP", proof],
        ]);
        assert.equal(status, 401, kind);
      }
    });

    it("are asked for a nonce where one is wanted, and pass with it", async () => {
      const token = await sign({ jkt: client.jkt });
      const present = async (nonce?: string): Promise<Answer> =>
        ask(
          [
            ["Authorization", `DPoP ${token}`],
            ["DPoP", await client.prove({ ...REQUEST, token, ...(nonce !== undefined && { nonce }) })],
          ],
          asking,
        );
      const refused = await present();
      assert.equal(refused.status, 401);
      assert.match(refused.challenge, /DPoP realm="api", error="use_dpop_nonce"/);
      assert.match(refused.nonce ?? "", /^[A-Za-z0-9_-]{43}$/);
      assert.equal((await present(refused.nonce)).status, 200);
      assert.equal((await present(`${refused.nonce}x`)).status, 401);
      assert.equal((await present()).nonce, refused.nonce);
    });

    it("pass with the certificate that the gateway tells of, and with no other", async () => {
      const token = await sign({ "x5t#S256": ours.sha256 });
      const show = async (der?: Uint8Array): Promise<number> => {
        const header =
          der === undefined ? [] : ([["Client-Cert", `:${Buffer.from(der).toString("base64")}:`]] as const);
        return (await ask([["Authorization", `Bearer ${token}`], ...header])).status;
      };
      assert.equal(await show(ours.der), 200);
      assert.equal(await show(other.der), 401);
      assert.equal(await show(), 401);
    });

    it("are refused with a malformed certificate, or with two", async () => {
      const token = await sign({ "x5t#S256": ours.sha256 });
      const good = ["Client-Cert", `:${Buffer.from(ours.der).toString("base64")}:`] as const;
      const bearer = ["Authorization", `Bearer ${token}`] as const;
      const bad = name === "nginx" ? 401 : 400;
      assert.equal((await ask([bearer, ["Client-Cert", "yes"]])).status, bad);
      assert.equal((await ask([bearer, good, good])).status, bad);
    });

    it("are refused as other tokens are where there is no binding: DPoP is no other name for Bearer", async () => {
      const token = await sign();
      assert.equal((await ask([["Authorization", `Bearer ${token}`]])).status, 200);
      const proof = await client.prove({ ...REQUEST, token });
      const dpop = await ask([
        ["Authorization", `DPoP ${token}`],
        ["DPoP", proof],
      ]);
      assert.equal(dpop.status, 401);
    });
  });
}

describe("certificates of peers that are not trusted", () => {
  it("prove nothing to the proxy, and do not reach its upstream", async () => {
    const ask = askHttp(`GET ${PATH}`, [["Host", HOST]], "proxy");
    const certificate = ["Client-Cert", `:${Buffer.from(ours.der).toString("base64")}:`] as const;
    const bound = await sign({ "x5t#S256": ours.sha256 });
    assert.equal((await ask([["Authorization", `Bearer ${bound}`], certificate], distrusting)).status, 401);
    assert.equal(
      (await ask([["Authorization", `Bearer ${await sign()}`], certificate], distrusting)).status,
      200,
    );
    assert.deepEqual(upstream.valuesOf("client-cert"), []);
    assert.deepEqual(upstream.valuesOf("authorization"), []);
  });
});

describe("the certificate in Envoy's own protocol", () => {
  it("counts before a header", async () => {
    const token = await sign({ "x5t#S256": ours.sha256 });
    const caller = createCaller(sidecar.addresses["extAuthz"] ?? "");
    const check = async (pem: string, header: Uint8Array): Promise<number> => {
      const headers = [
        ["authorization", `Bearer ${token}`],
        ["client-cert", `:${Buffer.from(header).toString("base64")}:`],
      ] as const;
      const peerCertificate = encodeURIComponent(pem);
      const message = encodeCheck({ path: PATH, host: HOST, headers, peerCertificate });
      return numberOf(listMessages(decodeWire(await caller.call(CHECK, message)), 1)[0], 1);
    };
    try {
      assert.equal(await check(ours.pem, other.der), 0);
      assert.equal(await check(other.pem, ours.der), 16);
      assert.equal(await check("no certificate", ours.der), 3);
    } finally {
      caller.close();
    }
  });
});
