// Runs under plain Node, without WebAssembly and without rick: `npm test`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { memberOf, spoofable } from "../identity.js";
import { VERSION, plugin } from "../plugin.js";
import { Artifact, answer, described, table } from "../rick-plugin.js";
import { RULES } from "../rules.js";
import { FACTS, TABLE } from "../table.js";
import { said, scalar, write } from "../yaml.js";

const GATE = {
  kind: "forward-auth",
  upstream: "127.0.0.1:9000",
  callback: "/outpost.goauthentik.io/",
  verify: { traefik: "/outpost.goauthentik.io/auth/traefik" },
  headers: { user: "X-authentik-username", groups: "X-authentik-groups" },
  separator: "|",
  require: ["wiki_users"],
};
const ENDPOINTS = [{ address: "127.0.0.1", port: 18000, protocol: "http" }];

const defaults = ({ properties }) =>
  Object.fromEntries(Object.entries(properties).flatMap(([key, said]) => ("default" in said ? [[key, said.default]] : [])));
const entry = (key, value, service = "wiki") => ({ service, machine: "web1", part: null, key, value, stated: false });

/** The input of a call about the service `wiki`. */
function call({ said = {}, gates = [GATE], facts = {}, endpoints = ENDPOINTS, sites = [], claimed = {}, versions = {}, domain = "wiki.example.org" } = {}) {
  const reads = {
    "rick:endpoint@1": endpoints.map((endpoint) => entry(String(endpoint.port), endpoint)),
    "rick:gate@1": gates.map((gate) => entry("", gate)),
    "rick:site@1": sites,
  };
  return {
    scope: "service",
    service: { name: "wiki", machine: "web1", ...(domain && { domain }) },
    machine: { name: "web1", versions },
    table: { ...defaults(TABLE), ...said },
    settings: {},
    facts: { ...defaults(FACTS), ...facts },
    claimed,
    reads,
  };
}

const rendered = (given) => answer(plugin, "render:service", call(given));
const text = (given) => rendered(given).artifacts[0]?.preview() ?? "";
const codes = (given) => answer(plugin, "check:service", call(given)).diagnostics.map(({ code, severity }) => `${code} ${severity}`);

/** The routers of a file, each as the text of its members. */
function routers(file) {
  const section = file.slice(file.indexOf("\n  routers:\n"), file.indexOf("\n  middlewares:\n") + 1);
  const found = section.split(/^ {4}(?=\w)/m).slice(1);
  return Object.fromEntries(found.map((one) => [one.slice(0, one.indexOf(":")), one]));
}

const leadsToService = (router) => router.includes('service: "rick_wiki"\n');
const goesThrough = (router) => [...router.matchAll(/- "(rick_wiki_\w+)"/g)].map(([, name]) => name);

test("the version is said once", () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(VERSION, version);
  assert.equal(described(plugin).version, VERSION);
});

test("behind a gate the service is reached by the gate and the members alone", () => {
  const found = routers(text());
  assert.deepEqual(Object.keys(found).filter((name) => leadsToService(found[name])), ["rick_wiki"]);
  assert.deepEqual(goesThrough(found.rick_wiki), ["rick_wiki_nobody", "rick_wiki_gate", "rick_wiki_members"]);
});

test("what is public has lost its headers, and nothing else is asked", () => {
  for (const said of [{ public: ["/health"] }, { protected: ["/admin/*"] }]) {
    const found = routers(text({ said }));
    assert.deepEqual(goesThrough(found.rick_wiki_public), ["rick_wiki_nobody"]);
    assert.match(found.rick_wiki_public, / && !PathRegexp\(`\[;/);
  }
});

test("the entry point of the inside has no service behind it", () => {
  const found = Object.values(routers(text({ said: { public: ["/health"], domains: ["w.example.org"] } })));
  const inside = found.filter((router) => router.includes('- "inner"'));
  assert.equal(inside.length, 1);
  assert.ok(inside.every((router) => router.includes('service: "ping@internal"') && router.includes("HeaderRegexp(`X-authentik-groups`")));
});

test("where every user may enter a name is asked for, and no group", () => {
  const file = text({ gates: [{ ...GATE, require: [] }] });
  assert.match(file, /HeaderRegexp\(`X-authentik-username`, `\.`\)"/);
});

test("without a gate the commonest headers are taken away", () => {
  const file = text({ gates: [] });
  assert.match(file, /Remote_User: ""/);
  assert.doesNotMatch(file, /forwardAuth|inner/);
});

test("a gate that says nothing of Traefik gives no site", () => {
  const gates = [{ ...GATE, verify: { caddy: "/x" } }];
  assert.deepEqual(rendered({ gates }).artifacts, []);
  assert.deepEqual(codes({ gates }), ["TR005 error"]);
});

test("what all sites share is there where a gate is", () => {
  const machine = (gates) => ({ ...call({ gates }), scope: "machine" });
  assert.deepEqual(answer(plugin, "render:machine", machine([])).artifacts, []);
  const [file] = answer(plugin, "render:machine", machine([GATE])).artifacts;
  assert.equal(file.path, "/etc/traefik/rick/all_services.yml");
});

test("certificates are as the machine has them", () => {
  assert.match(text(), /tls: \{\}\n/);
  assert.match(text({ facts: { resolver: "le" } }), /tls:\n {8}certResolver: "le"\n/);
  assert.doesNotMatch(text({ facts: { tls: false } }), /tls/);
});

test("the site and the variables say how the service is reached", () => {
  const said = { env: { A: "url", B: "domain", C: "proxies-spaced" } };
  const { contributions } = answer(plugin, "contribute", call({ said, facts: { tls: false, seen_as: ["10.0.0.0/8", "::1/128"] } }));
  assert.deepEqual(
    contributions.map(({ slot, key, value }) => [slot, key, JSON.parse(value)]),
    [
      ["rick:site@1", "wiki.example.org", { url: "http://wiki.example.org" }],
      ["rick:env@1", "A", ["http://wiki.example.org"]],
      ["rick:env@1", "B", ["wiki.example.org"]],
      ["rick:env@1", "C", ["10.0.0.0/8 ::1/128"]],
    ],
  );
});

test("all names of a service are claimed", () => {
  const { claims } = answer(plugin, "claim", call({ said: { domains: ["w.example.org"] } }));
  assert.deepEqual(claims.map(({ key }) => key), ["wiki.example.org", "w.example.org"]);
});

test("a running site is asked who is let in", () => {
  const asked = (given) => rendered(given).contributions.filter(({ slot }) => slot === "rick:check@1").map(({ key }) => key);
  assert.deepEqual(asked({ gates: [] }), ["answers"]);
  assert.deepEqual(asked({ said: { protected: ["/admin/*"] } }), ["members", "answers"]);
  const said = { public: ["/health", "/static/*"] };
  assert.deepEqual(asked({ said }), ["members", "sign-on", "forged", "member", "outsider", "public:/health", "beside:/health"]);
});

test("each rule finds what it is for", () => {
  assert.deepEqual(codes(), []);
  assert.deepEqual(codes({ domain: null }), ["TR001 error"]);
  assert.deepEqual(codes({ endpoints: [{ ...ENDPOINTS[0], protocol: "tcp" }] }), ["TR002 error"]);
  assert.deepEqual(codes({ said: { public: ["/a"], protected: ["/b"] } }), ["TR003 error"]);
  assert.deepEqual(codes({ said: { protected: ["/b"] }, gates: [] }), ["TR004 error"]);
  assert.deepEqual(codes({ said: { public: ["/b"] }, gates: [] }), ["TR004 warning"]);
  assert.deepEqual(codes({ said: { public: ["/b*", "/b/*"] } }), ["TR006 error"]);
  assert.deepEqual(codes({ said: { public: ["/a/metrics/*"] } }), ["TR007 warning"]);
  assert.deepEqual(codes({ claimed: { "caddy:domain": { "wiki.example.org": "wiki.example.org" } } }), ["TR008 error"]);
  const site = { url: "https://wiki.example.org" };
  assert.deepEqual(codes({ sites: [entry("wiki.example.org", site), entry("blog.example.org", site, "blog")] }), []);
  assert.deepEqual(codes({ sites: [entry("wiki.example.org", site, "blog")] }), ["TR008 error"]);
  assert.deepEqual(codes({ versions: { traefik: "2.11.56" } }), ["TR009 error"]);
  assert.deepEqual(codes({ versions: { traefik: "3.7.15" } }), []);
});

test("codes and names are said once", () => {
  assert.equal(new Set(RULES.flatMap(({ code, name }) => [code, name])).size, 2 * RULES.length);
});

// Go's regular expressions and these are of one kind, but for `(?i)`.
test("a group counts as a whole", () => {
  const pattern = new RegExp(memberOf(["wiki.users", "a|b"], "|"));
  for (const held of ["wiki.users", "x|wiki.users", "wiki.users|x", "x|a|b"]) assert.match(held, pattern);
  for (const held of ["", "xwiki.users", "wiki.users2", "wiki_users", "not wiki.users|x"]) assert.doesNotMatch(held, pattern);
});

test("headers of an identity are known in every spelling", () => {
  const pattern = new RegExp(spoofable({ headers: { user: "X-authentik-username", mail: "X-Forwarded-Email" } }).replace("(?i)", ""), "i");
  for (const name of ["X-Authentik-Username", "x_authentik_meta", "X~authentik.uid", "Remote-User", "REMOTE_ADDR", "X.Forwarded_Email"]) {
    assert.match(name, pattern);
  }
  for (const name of ["X-Forwarded-For", "X-Forwarded-Proto", "Authorization", "Cookie", "X-Remote-User"]) assert.doesNotMatch(name, pattern);
});

test("no template of Go's comes into the file", () => {
  const file = text({ gates: [{ ...GATE, require: ['{{ env "HOME" }}', "{{{"] }] });
  assert.ok(!file.includes("{{"), file);
  assert.equal(JSON.parse(scalar("{{{ x }}")), "{{{ x }}");
});

test("scalars are JSON's, on one line", () => {
  for (const odd of ["yes", "1", "", "a: b #c", "é\u0085\u2028\x7f", "a\nb", 'q"\\']) {
    const line = scalar(odd);
    assert.match(line, /^"[^\n\u0085\u2028\x7f]*"$/);
    assert.equal(JSON.parse(line), odd);
  }
});

test("each line has the reasons of what is around it, or its own", () => {
  const file = new Artifact("/a.yml");
  write(file, { a: { b: said([1, { c: [], d: {} }], table("x")), "e f": true } }, table());
  assert.equal(file.preview(), 'a:\n  b:\n    - 1\n    - c: []\n      d: {}\n  "e f": true\n');
  const reasons = file.content.map(({ because }) => because[0].val);
  assert.deepEqual(reasons, ["/table", "/table/x", "/table/x", "/table/x", "/table/x", "/table"]);
});
