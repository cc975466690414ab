import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClientCertificate } from "countersign/testing";
import fc from "fast-check";
import { type CertificateReading, createCertificateReader } from "../../src/decision/client-certificate.ts";

const { der, pem, sha256, sha256Hex } = await createClientCertificate();
const base64 = Buffer.from(der).toString("base64");
const escapedPem = encodeURIComponent(pem);
const NONE = "none";

/** What a reading says, in short: "der", "hash", "none", or the problem. */
function describeReading(reading: CertificateReading): string {
  if (!reading.ok) return reading.problem;
  if (reading.certificate === undefined) return NONE;
  if ("certificateSha256" in reading.certificate) {
    assert.equal(reading.certificate.certificateSha256, sha256);
    return "hash";
  }
  assert.deepEqual(Buffer.from(reading.certificate.certificate), Buffer.from(der));
  return "der";
}

const MALFORMED = "a header with a malformed client certificate";
const SEVERAL_HOPS = "client certificates of several proxies in one header";
const SEVERAL_HASHES = "two hashes of one client certificate";

const CASES: Readonly<Record<"rfc9440" | "xfcc" | "pem" | "base64", readonly (readonly [string, string])[]>> =
  {
    // G-GW-09
    rfc9440: [
      [`:${base64}:`, "der"],
      [` :${base64}: `, "der"],
      ["", NONE],
      [base64, MALFORMED],
      [`:${base64}`, MALFORMED],
      ["::", NONE],
      [":", MALFORMED],
      [":::", MALFORMED],
      [`:${base64}:, :${base64}:`, MALFORMED],
      [`:${base64}:;a=1`, MALFORMED],
      [`:${base64.slice(0, -4)}:`, MALFORMED],
      [`:${base64}AAAA:`, MALFORMED],
      [`:${base64.replaceAll("/", "_").replaceAll("+", "-")}_:`, MALFORMED],
      [`:AAAA:`, MALFORMED],
    ],
    xfcc: [
      [`Hash=${sha256Hex}`, "hash"],
      [`By=spiffe://a/b;Hash=${sha256Hex};Subject="CN=\\"x\\",O=a;b,c";URI=spiffe://a/c`, "hash"],
      [`hash=${sha256Hex.toUpperCase()};Cert="${escapedPem}"`, "hash"],
      [`By=spiffe://a/b;Cert="${escapedPem}"`, "der"],
      ["", NONE],
      ["By=spiffe://a/b", MALFORMED],
      ["Hash=", MALFORMED],
      [`Hash=${sha256Hex.slice(1)}`, MALFORMED],
      [`Hash=${sha256Hex}0`, MALFORMED],
      [`Hash="${sha256Hex}`, MALFORMED],
      [`=${sha256Hex}`, MALFORMED],
      [sha256Hex, MALFORMED],
      [`Subject="x"y;Hash=${sha256Hex}`, MALFORMED],
      [`Hash=${sha256Hex};Hash=${"0".repeat(64)}`, SEVERAL_HASHES],
      [`Cert="${escapedPem}";Cert="${escapedPem}"`, SEVERAL_HASHES],
      [`Hash=${sha256Hex},Hash=${"0".repeat(64)}`, SEVERAL_HOPS],
      [`Hash=${"0".repeat(64)},Hash=${sha256Hex}`, SEVERAL_HOPS],
    ],
    pem: [
      [escapedPem, "der"],
      [escapedPem.replaceAll("%0A", "%0D%0A"), "der"],
      ["", NONE],
      [`${escapedPem}${escapedPem}`, MALFORMED],
      [base64, MALFORMED],
      [`${escapedPem}%`, MALFORMED],
      [escapedPem.replaceAll("CERTIFICATE", "PUBLIC%20KEY"), MALFORMED],
      ["-----BEGIN%20CERTIFICATE----------END%20CERTIFICATE-----", MALFORMED],
    ],
    base64: [
      [base64, "der"],
      [`${base64},AAAA`, "der"],
      [encodeURIComponent(base64), "der"],
      [encodeURIComponent(`${base64},AAAA`), "der"],
      ["", NONE],
      [`,${base64}`, MALFORMED],
      [`AAAA,${base64}`, MALFORMED],
      [`${base64}=`, MALFORMED],
      [`%`, MALFORMED],
      [pem.replaceAll("\n", " "), MALFORMED],
    ],
  };

for (const format of ["rfc9440", "xfcc", "pem", "base64"] as const) {
  describe(`client certificates as ${format}`, () => {
    const read = createCertificateReader(format);
    for (const [index, [value, expected]] of CASES[format].entries()) {
      test(`reads case ${index}: ${expected}`, () => assert.equal(describeReading(read([value])), expected));
    }

    test("are none without the header, and nobody's where there are two", () => {
      assert.equal(describeReading(read([])), NONE);
      const [good = ""] = CASES[format][0] ?? [];
      assert.equal(describeReading(read([good, good])), "more than one header with a client certificate");
      assert.equal(describeReading(read([good, ""])), "more than one header with a client certificate");
    });

    test("never throw for what a header says", () => {
      const pieces = fc.constantFrom(
        ":",
        ";",
        ",",
        "=",
        '"',
        "\\",
        "%",
        "%2C",
        "Hash",
        sha256Hex,
        base64,
        escapedPem,
      );
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string(),
            fc.array(pieces).map((all) => all.join("")),
          ),
          (value) => {
            describeReadingLoosely(read([value]));
          },
        ),
      );
    });
  });
}

/** As what a header says is arbitrary, so is the certificate. */
function describeReadingLoosely(reading: CertificateReading): void {
  assert.ok(reading.ok || typeof reading.problem === "string");
}
