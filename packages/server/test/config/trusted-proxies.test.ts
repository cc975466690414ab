import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseListenAddress } from "../../src/config/listen-address.ts";
import {
  checkTrustedProxy,
  createPeerMatcher,
  DEFAULT_TRUSTED_PROXIES,
  identifyPeer,
} from "../../src/config/trusted-proxies.ts";

describe("trusted proxies", () => {
  it("are by default this machine alone", () => {
    const isTrusted = createPeerMatcher(DEFAULT_TRUSTED_PROXIES);
    for (const peer of ["127.0.0.1", "127.8.9.1", "::1", "unix"]) assert.equal(isTrusted(peer), true, peer);
    for (const peer of ["10.0.0.1", "128.0.0.1", "::2", "fe80::1", "", "localhost"])
      assert.equal(isTrusted(peer), false, peer);
  });

  it("match addresses and blocks of both families", () => {
    const isTrusted = createPeerMatcher(["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"]);
    for (const peer of ["10.1.255.255", "192.0.2.7", "2001:db8:1::9"])
      assert.equal(isTrusted(peer), true, peer);
    for (const peer of ["10.2.0.0", "192.0.2.8", "2001:db9::", "unix", "127.0.0.1"])
      assert.equal(isTrusted(peer), false, peer);
  });

  it("refuse blocks that trust everyone, halves of them, and what is no address", () => {
    for (const entry of [
      "0.0.0.0/0",
      "::/0",
      "0.0.0.0/1",
      "128.0.0.0/1",
      "8000::/1",
      "localhost",
      "10.0.0.0/33",
      "10.0.0/8",
      "10.0.0.0/8/8",
      "::1%lo",
      "10.0.0.0/x",
      "",
    ]) {
      assert.notEqual(checkTrustedProxy(entry), undefined, entry);
    }
    for (const entry of ["10.0.0.0/8", "127.0.0.1", "::1", "fc00::/7", "unix"])
      assert.equal(checkTrustedProxy(entry), undefined, entry);
  });
});

describe("identifyPeer", () => {
  const tcp = { kind: "tcp", host: "::", port: 0 } as const;

  it("gives IPv4 peers of dual-stack sockets their own form", () => {
    assert.equal(identifyPeer("::ffff:192.0.2.1", tcp), "192.0.2.1");
  });

  it("never takes a TCP connection that is gone for a Unix socket", () => {
    assert.equal(identifyPeer(undefined, tcp), "");
    assert.equal(identifyPeer(undefined, { kind: "unix", path: "/s" }), "unix");
  });
});

describe("parseListenAddress", () => {
  it("reads host and port, bracketed IPv6 and Unix sockets", () => {
    assert.deepEqual(parseListenAddress("127.0.0.1:0"), { kind: "tcp", host: "127.0.0.1", port: 0 });
    assert.deepEqual(parseListenAddress("[::1]:9400"), { kind: "tcp", host: "::1", port: 9400 });
    assert.deepEqual(parseListenAddress("unix:/run/x.sock"), { kind: "unix", path: "/run/x.sock" });
  });

  it("refuses everything else", () => {
    for (const text of [
      "9400",
      ":9400",
      "::1:9400",
      "a:65536",
      "a:b",
      "unix:x",
      "unix:",
      `unix:/${"a".repeat(107)}`,
      "http://a:1",
    ]) {
      assert.equal(parseListenAddress(text), undefined, text);
    }
  });
});
