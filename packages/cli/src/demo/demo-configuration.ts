/** What differs from one demo to the next. */
export interface DemoPlaces {
  readonly issuer: string;
  readonly audience: string;
  readonly upstreamUrl: string;
  readonly ports: { readonly decision: number; readonly proxy: number; readonly admin: number };
}

/** The demo's configuration file, written for people to read and to start their own from. */
export function writeDemoConfiguration({ issuer, audience, upstreamUrl, ports }: DemoPlaces): string {
  return `# The configuration of \`countersign demo\`. Nothing but the issuer's loopback http is special in it.
issuers:
  - name: dev
    issuer: ${issuer}
    audiences: [${audience}]
    algorithms: [ES256, RS256]
    profile: rfc9068
    keys:
      discovery: true
      insecureLoopbackHttp: true # development only

listeners:
  decision: 127.0.0.1:${ports.decision}
  proxy: 127.0.0.1:${ports.proxy}
  admin: 127.0.0.1:${ports.admin}

upstream: ${upstreamUrl}

# What no route matches is refused.
routes:
  - path: /orders/**
    methods: [GET]
    allow: authenticated
    scopes: [orders:read]
  - path: /orders/**
    methods: [POST]
    allow: authenticated
    scopes: [orders:write]
  - path: /public/**
    allow: anonymous
`;
}
