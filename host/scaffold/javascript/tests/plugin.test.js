// Runs under plain Node, without WebAssembly and without rick: `npm test`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { VERSION, plugin } from "../plugin.js";
import { Plugin, answer, byteOffset, described, pointer, table } from "../rick-plugin.js";

const HTTP = { address: "127.0.0.1", port: 8080, protocol: "http" };

/** The input of a call about the service `wiki`. */
function call(table, endpoints) {
  const entry = (value) => ({ service: "wiki", machine: "web1", part: null, key: String(value.port), value, stated: false });
  return {
    scope: "service",
    service: { name: "wiki", machine: "web1", image: "ghcr.io/acme/wiki:1.0.0" },
    machine: { name: "web1", versions: {} },
    table: { contact: "ops@acme.dev", motd: true, ...table },
    settings: {},
    facts: {},
    claimed: {},
    reads: { "rick:endpoint@1": endpoints.map(entry) },
  };
}

test("the service knows its contact", () => {
  const [contribution] = answer(plugin, "contribute", call({}, [])).contributions;
  assert.deepEqual([contribution.key, contribution.value], ["ADMIN_EMAIL", '["ops@acme.dev"]']);
  assert.deepEqual(contribution.because, [table("contact")]);
});

test("each endpoint has a line", () => {
  const [file] = answer(plugin, "render:service", call({}, [HTTP, { ...HTTP, port: 53, protocol: "udp" }])).artifacts;
  assert.equal(file.path, "/etc/motd.d/rick-wiki");
  assert.equal(file.preview(), "wiki: http://127.0.0.1:8080, ask ops@acme.dev\n");
});

test("without an endpoint there is a line all the same", () => {
  const [file] = answer(plugin, "render:service", call({}, [])).artifacts;
  assert.equal(file.preview(), "wiki: ask ops@acme.dev\n");
});

test("motd can be left out", () => {
  assert.deepEqual(answer(plugin, "render:service", call({ motd: false }, [HTTP])).artifacts, []);
});

test("an example is no contact", () => {
  const found = answer(plugin, "check:service", call({ contact: "admin@Example.org" }, [])).diagnostics;
  assert.deepEqual(found.map(({ code }) => code), ["__NAME__001"]);
  assert.deepEqual(answer(plugin, "check:service", call({}, [])).diagnostics, []);
});

test("the calls that it has are the calls that it says it answers", () => {
  assert.deepEqual(described(plugin).answers, ["contribute", "check:service", "render:service"]);
});

test("the version is said once", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(VERSION, manifest.version);
});

test("a method that is async is found out", () => {
  class Late extends Plugin {
    async contribute() {}
  }
  assert.throws(() => answer(new Late(), "contribute", call({}, [])), /`contribute` is async/);
});

test("a place that is not in the input is found out", () => {
  class Astray extends Plugin {
    contribute(_call, out) {
      out.add("rick:env@1", "A", ["b"], table("nowhere"));
    }
  }
  assert.throws(() => answer(new Astray(), "contribute", call({}, [])), /`\/table\/nowhere` is not in the input/);
});

test("what the SDK counts and escapes is what the contract says", () => {
  assert.equal(pointer("a/b", "~", 0), "/a~1b/~0/0");
  assert.equal(byteOffset("aé€😀x", "aé€😀".length), 10);
});
