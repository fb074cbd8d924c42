/**
 * The plugin `traefik`: a site for each service's domain, behind the gate that another plugin contributed.
 *
 * Reading order: `table.js` is what a manifest says; below are the calls; `site.js` puts a site together, `identity.js` decides about
 * headers, `yaml.js` is the format, `rules.js` are the checks and `questions.js` what is asked of a running site.
 *
 * Nothing here knows who stands at the gate: all of it is in `rick:gate@1`.
 */

import { questions } from "./questions.js";
import { CHECK, ENDPOINT, ENV, GATE, MODEL, Plugin, SITE, fact, pool, reads, service, table, tableKey } from "./rick-plugin.js";
import { RULES, check } from "./rules.js";
import { ANYBODY, inner, model, path, shared, siteOf, url } from "./site.js";
import { FACTS, TABLE } from "./table.js";

/** The plugin's version; that of package.json is the same. */
export const VERSION = "0.1.0";

/** The pool of domains: one name leads to one service, wherever it runs. */
const DOMAINS = "traefik:domain";

/** The forms of a variable: its value, and why. */
const FORMS = {
  url: (call) => [url(call), service("domain")],
  domain: (call) => [call.service.domain, service("domain")],
  proxies: (call) => [call.facts.seen_as.join(","), fact("seen_as")],
  "proxies-spaced": (call) => [call.facts.seen_as.join(" "), fact("seen_as")],
};

class Traefik extends Plugin {
  describe() {
    return {
      name: "traefik",
      version: VERSION,
      summary: "sites of the proxy Traefik",
      tableSchema: TABLE,
      factsSchema: FACTS,
      pools: [pool(DOMAINS, "domain", "give one of them another domain", { within: "project" })],
      writesSlots: [SITE, ENV, CHECK, MODEL],
      reads: [reads(ENDPOINT, "check"), reads(GATE, "check", { fulfils: true }), reads(SITE, "check", { of: "project" })],
      writes: [path("*")],
      rules: RULES,
    };
  }

  claim(call, out) {
    const { domain } = call.service;
    if (domain !== undefined) out.want(DOMAINS, domain, domain, service("domain"));
    call.table.domains.forEach((further, index) => out.want(DOMAINS, further, further, table("domains", index)));
  }

  contribute(call, out) {
    const { domain } = call.service;
    if (domain === undefined) return;
    out.add(SITE, domain, { url: url(call) }, service("domain"));
    for (const [variable, form] of Object.entries(call.table.env)) {
      const [value, because] = FORMS[form](call);
      out.add(ENV, variable, [value], [tableKey("env", variable), because]);
    }
  }

  checkService(call, out) {
    check(call, out);
  }

  renderService(call, out) {
    const file = siteOf(call);
    if (file === null) return;
    out.artifact(file);
    out.add(MODEL, file.path, model(call), service("domain"));
    questions(call, out);
  }

  renderMachine(call, out) {
    const file = shared(call);
    if (file === null) return;
    out.artifact(file);
    out.check("inner", "http", "Traefik answers itself", fact("inner_address"), { url: inner(call, ANYBODY), status: [200] });
  }
}

export const plugin = new Traefik();
