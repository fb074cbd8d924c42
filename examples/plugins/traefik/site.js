/**
 * A service's site, as Traefik's file provider takes it.
 *
 * A rule of Traefik's decides by the request as it came, before any gate was asked, and no middleware compares a header. So Traefik asks
 * itself: a second `forwardAuth` shows the request, with what the gate has said of the user, to an entry point that only the machine
 * reaches. A rule there asks for the group, and the answer is that of Traefik's own ping: 200, and nothing else. So whoever reaches that
 * entry point with headers of his own making learns that they would do, and gets nowhere.
 */

import { commonSpellings, literal, memberOf, spoofable } from "./identity.js";
import { Artifact, ENDPOINT, GATE, authority, fact, service, table } from "./rick-plugin.js";
import { said, write } from "./yaml.js";

/** What this proxy is called in a gate's `verify`. */
export const PROXY = "traefik";

/** What all sites of a machine need. No service has such a name. */
export const SHARED = "/etc/traefik/rick/all_services.yml";

export const path = (name) => `/etc/traefik/rick/${name}.yml`;

/** A path that an application may read otherwise than Traefik does: such a one is never public. */
const AMBIGUOUS = String.raw`[;\\%]|\.\.|//|/\.(/|$)`;

/** Nobody has this address. Traefik has no other word for 403. */
const NOBODY = "255.255.255.255/32";

// A router of the user's own whose rule is shorter than a thousand letters, as all are, comes after ours.
const PRIORITY = { site: 1000, open: 2000, callback: 3000, refused: 4000, asked: 5000 };

/** Where browsers reach a service. */
export const url = (call) => `${call.facts.tls ? "https" : "http"}://${call.service.domain}`;

/** Who answers, with the reason; null where nobody does. */
export function upstream(call) {
  if (call.table.upstream !== undefined) return { at: call.table.upstream, because: table("upstream") };
  const endpoint = call.reads(ENDPOINT).find(({ value }) => value.protocol === "http");
  return endpoint ? { at: authority(endpoint.value.address, endpoint.value.port), because: endpoint.place } : null;
}

/** The gate, if another plugin contributed one. */
export const gateOf = (call) => call.reads(GATE)[0] ?? null;

/** A word of a rule: https://go.dev/ref/spec#String_literals. */
const word = (text) => (/[`\r]/.test(text) ? JSON.stringify(text) : `\`${text}\``);
const match = (matcher, ...words) => `${matcher}(${words.map(word).join(", ")})`;
const host = (domain) => match("Host", domain);

const balancer = (at, because) => said({ loadBalancer: { servers: [{ url: `http://${at}` }] } }, because);
const refuse = { ipAllowList: { sourceRange: [NOBODY] } };

/** Where Traefik asks itself. */
export const inner = (call, path) => `http://${call.facts.inner_address}${path}`;
export const ANYBODY = "/anybody";
export const members = (name) => `/members/${name}`;

/** The rule of what needs no sign-on; null where everything does. */
function openRule({ table: { public: open, protected: closed } }) {
  const clear = `!${match("PathRegexp", AMBIGUOUS)}`;
  if (open.length > 0) {
    const paths = open.map((path) => (path.endsWith("*") ? match("PathPrefix", path.slice(0, -1)) : match("Path", path)));
    return `(${paths.join(" || ")}) && ${clear}`;
  }
  if (closed.length > 0) {
    // `/admin/*` is `/admin` as well, which is hardly meant to be open where all below it is not; and in any case of letters.
    const pattern = (path) => {
      if (path.endsWith("/*")) return `${literal(path.slice(0, -2))}(/|$)`;
      return path.endsWith("*") ? literal(path.slice(0, -1)) : `${literal(path)}$`;
    };
    return `!${match("PathRegexp", `(?i)^(${closed.map(pattern).join("|")})`)} && ${clear}`;
  }
  return null;
}

/** Whether a request to the site's root is asked for sign-on. */
export function isGatedAtRoot(call) {
  const covers = (paths) => paths.some((path) => path === "/" || path === "/*");
  const { public: open, protected: closed } = call.table;
  return gateOf(call) !== null && !covers(open) && (closed.length === 0 || covers(closed));
}

/** The file of a site; null where there is none, as rules have said. */
export function siteOf(call) {
  const { name, domain } = call.service;
  const answering = upstream(call);
  const gate = gateOf(call);
  if (domain === undefined || answering === null || (gate !== null && gate.value.verify[PROXY] === undefined)) return null;

  const because = service("domain");
  const id = (part) => (part ? `rick_${name}_${part}` : `rick_${name}`);
  const own = call.table.middlewares.map((middleware, index) => said(middleware, table("middlewares", index)));
  const router = (rule, priority, middlewares, to, because) =>
    said({ entryPoints: said([call.facts.entrypoint], fact("entrypoint")), rule, priority, middlewares, service: to, ...tls(call) }, because);

  const site = {
    routers: {},
    middlewares: {},
    services: { [id()]: balancer(answering.at, answering.because) },
  };
  if (gate === null) {
    const removed = Object.fromEntries(commonSpellings().map((header) => [header, ""]));
    site.routers[id()] = router(host(domain), PRIORITY.site, [id("nobody"), ...own], id(), because);
    site.middlewares[id("nobody")] = said({ headers: { customRequestHeaders: removed } }, because);
  } else {
    const { value, place } = gate;
    const { callback, headers, require: groups, separator } = value;
    const open = openRule(call);
    if (open !== null) {
      const key = call.table.public.length > 0 ? "public" : "protected";
      const reasons = call.table[key].map((_, index) => table(key, index));
      site.routers[id("public")] = router(`${host(domain)} && ${open}`, PRIORITY.open, [id("nobody"), ...own], id(), reasons);
    }
    // What the gate asks a browser to do leads there.
    const below = `${host(domain)} && ${match("PathPrefix", callback)}`;
    site.routers[id("callback")] = router(below, PRIORITY.callback, [id("nobody")], id("gate"), place);
    site.routers[id()] = router(host(domain), PRIORITY.site, [id("nobody"), id("gate"), id("members"), ...own], id(), place);
    // An answer of 2xx that names nobody lets nobody in.
    const named = match("HeaderRegexp", headers.user, ".");
    const grouped = groups.length > 0 ? ` && ${match("HeaderRegexp", headers.groups, memberOf(groups, separator))}` : "";
    site.routers[id("members")] = said(
      {
        entryPoints: said([call.facts.inner], fact("inner")),
        rule: `${match("Path", members(name))} && ${named}${grouped}`,
        priority: PRIORITY.asked,
        service: "ping@internal",
      },
      place,
    );
    // From here on, what says who somebody is was said by the gate. An answer without any such header takes all of them away.
    const emptied = { address: inner(call, ANYBODY), trustForwardHeader: false, authResponseHeadersRegex: spoofable(value) };
    const asked = {
      address: `http://${value.upstream}${value.verify[PROXY]}`,
      trustForwardHeader: false,
      authResponseHeaders: Object.values(headers),
    };
    site.middlewares[id("nobody")] = said({ forwardAuth: emptied }, place);
    site.middlewares[id("gate")] = said({ forwardAuth: asked }, place);
    site.middlewares[id("members")] = said({ forwardAuth: { address: inner(call, members(name)), trustForwardHeader: false } }, place);
    site.services[id("gate")] = balancer(value.upstream, place);
  }
  if (call.table.domains.length > 0) {
    const reasons = call.table.domains.map((_, index) => table("domains", index));
    const rule = call.table.domains.map(host).join(" || ");
    site.routers[id("domains")] = router(rule, PRIORITY.site, [id("domains")], "noop@internal", reasons);
    const redirect = { regex: "^https?://[^/]+/(.*)$", replacement: `${url(call)}/\${1}`, permanent: true };
    site.middlewares[id("domains")] = said({ redirectRegex: redirect }, reasons);
  }
  const file = new Artifact(path(name));
  file.line(`# the service ${name}; written by rick, change its manifest instead`, service("name"));
  write(file, { http: site }, because);
  return file;
}

function tls({ facts }) {
  if (!facts.tls) return {};
  return { tls: facts.resolver === undefined ? said({}, fact("tls")) : said({ certResolver: facts.resolver }, fact("resolver")) };
}

/** What is asked of Traefik by itself in all sites with a gate; null where there is none. */
export function shared(call) {
  const because = call.reads(GATE).map(({ place }) => place);
  if (because.length === 0) return null;
  const router = (rule, priority, rest) => ({ entryPoints: said([call.facts.inner], fact("inner")), rule, priority, ...rest });
  const file = new Artifact(SHARED);
  file.line("# what Traefik asks itself; written by rick, change the services' manifests instead", because);
  const http = {
    routers: {
      rick__anybody: router(match("Path", ANYBODY), PRIORITY.asked, { service: "ping@internal" }),
      // Whoever is in none of the groups.
      rick__refused: router(match("PathPrefix", "/"), PRIORITY.refused, { middlewares: ["rick__refused"], service: "noop@internal" }),
    },
    middlewares: { rick__refused: refuse },
  };
  write(file, { http }, because);
  return file;
}

/** The typed value behind the file of a site. */
export function model(call) {
  const gate = gateOf(call);
  const { domains, public: open, protected: closed } = call.table;
  return {
    kind: "traefik-site",
    domain: call.service.domain,
    aliases: domains,
    upstream: upstream(call).at,
    gate: gate && { kind: gate.value.kind, require: gate.value.require },
    public: open,
    protected: closed,
  };
}
