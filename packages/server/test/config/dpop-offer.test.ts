import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BindingOptions } from "countersign";
import { describeDpopOffer } from "../../src/config/dpop-offer.ts";
import { describeResource } from "../../src/config/resource-metadata.ts";

type Binding = "required" | "unchecked" | BindingOptions | undefined;

const DEFAULTS = ["ES256", "PS256", "Ed25519", "EdDSA"];

function offer(...bindings: readonly Binding[]): ReturnType<typeof describeDpopOffer> {
  return describeDpopOffer(bindings.map((binding) => (binding === undefined ? {} : { binding })));
}

describe("what clients are told of DPoP", () => {
  test("is nothing where the configuration does not speak of it", () => {
    for (const binding of [
      undefined,
      "required",
      "unchecked",
      {},
      { mtls: "accepted" },
      { dpop: "refused" },
    ] as const) {
      assert.deepEqual(offer(binding), {});
    }
    assert.deepEqual(offer({ dpop: "refused", unbound: "refused" }), {});
  });

  test("is the algorithms of all issuers, each once", () => {
    assert.deepEqual(offer({ dpop: {} }), { dpopAlgorithms: DEFAULTS });
    assert.deepEqual(
      offer({ dpop: { algorithms: ["ES384", "ES256"] } }, undefined, { dpop: { algorithms: ["ES256"] } }),
      {
        dpopAlgorithms: ["ES384", "ES256"],
      },
    );
  });

  test("is that nothing else is taken, where that holds of every issuer", () => {
    const only = { unbound: "refused", mtls: "refused" } as const;
    assert.deepEqual(offer(only), { dpopAlgorithms: DEFAULTS, dpopRequired: true });
    assert.deepEqual(offer(only, { ...only, dpop: {} }), { dpopAlgorithms: DEFAULTS, dpopRequired: true });
    assert.deepEqual(offer(only, {}), { dpopAlgorithms: DEFAULTS });
    assert.deepEqual(offer({ unbound: "refused" }), { dpopAlgorithms: DEFAULTS });
    assert.deepEqual(offer({ dpop: {}, mtls: "refused" }), { dpopAlgorithms: DEFAULTS });
  });

  test("is in the resource's metadata too, beside certificates (RFC 9728 section 2)", () => {
    const describeFor = (binding: Binding): Record<string, unknown> => {
      const issuer = { issuer: "https://idp.test/", audiences: ["a"], keys: { discovery: true } } as const;
      const text = describeResource({ identifier: "https://api.test/" }, [
        binding === undefined ? issuer : { ...issuer, binding },
      ]);
      const {
        resource: _,
        authorization_servers: __,
        bearer_methods_supported: ___,
        ...rest
      } = JSON.parse(text);
      return rest;
    };
    assert.deepEqual(describeFor(undefined), {});
    assert.deepEqual(describeFor({ dpop: {}, mtls: "accepted" }), {
      tls_client_certificate_bound_access_tokens: true,
      dpop_signing_alg_values_supported: DEFAULTS,
    });
    assert.deepEqual(describeFor({ mtls: "refused", unbound: "refused" }), {
      dpop_signing_alg_values_supported: DEFAULTS,
      dpop_bound_access_tokens_required: true,
    });
  });
});
