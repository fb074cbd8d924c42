/** The checks. */

import { GATE, SITE, machine, rule, service, table, tableKey } from "./rick-plugin.js";
import { PROXY, gateOf, upstream } from "./site.js";

const GATED = '[authentik]\npattern = "forward-auth"\n\n';
const WHOLE = '[service]\nimage = "ghcr.io/acme/myservice:1.0.0"\ndomain = "myservice.example.org"\nport = 8080\n\n';
// authentik somewhere else, so that an example with a gate needs no more than one service.
const ELSEWHERE =
  '# rick.toml\n[plugins.authentik]\nurl = "https://auth.example.org"\nversion = "2025.12"\n\n[machines.web1]\nversions = { podman = "5.4.2" }\n\n' +
  '[machines.web1.authentik]\noutpost = "10.0.0.5:9000"\n# services/myservice.toml\n';

const NO_DOMAIN = {
  code: "TR001",
  name: "site-without-domain",
  what: "a table `[traefik]` in a manifest whose `[service]` has no `domain`",
  why: "A site is known by its name: without one there is nothing to route, and a gate that was asked for would stand nowhere.",
  example: '[service]\nimage = "ghcr.io/acme/myservice:1.0.0"\nport = 8080\n\n[traefik]\n',
  useInstead: `${WHOLE}[traefik]\n`,
  source: "https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/",
  check(call, report) {
    if (call.service.domain !== undefined) return;
    report("the service has no `domain`, so there is no site to write", table(), { help: "add `domain` to [service], or take [traefik] out" });
  },
};

const NO_UPSTREAM = {
  code: "TR002",
  name: "site-without-service",
  what: "a table `[traefik]` where nothing of the service answers HTTP: `[service]` has no `port`, or no container runs",
  why: "Traefik would have nobody to pass requests to.",
  example: '[service]\nimage = "ghcr.io/acme/myservice:1.0.0"\ndomain = "myservice.example.org"\n\n[traefik]\n',
  useInstead: `${WHOLE}[traefik]\n`,
  source: "https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/",
  check(call, report) {
    if (call.service.domain === undefined || upstream(call) !== null) return;
    const help = "add `port` to [service], or `upstream` for what rick does not run";
    report("nothing of the service answers HTTP, so the site would lead nowhere", table(), { help });
  },
};

const PUBLIC_AND_PROTECTED = {
  code: "TR003",
  name: "public-and-protected",
  what: "`public` and `protected` in one table",
  why:
    "`public` names what needs no sign-on where all else does, `protected` what needs it where nothing else does. " +
    "Of a path in neither it cannot be told.",
  example: '[traefik]\npublic = ["/health"]\nprotected = ["/admin/*"]\n',
  useInstead: `${ELSEWHERE}${WHOLE}${GATED}[traefik]\npublic = ["/health"]\n`,
  source: "examples/plugins/traefik/README.md",
  check(call, report) {
    if (call.table.public.length === 0 || call.table.protected.length === 0) return;
    report("`public` says that all else needs sign-on, and `protected` that nothing else does", tableKey("protected"), {
      help: "leave one of them out",
      notes: [{ at: tableKey("public"), message: "`public` is here" }],
    });
  },
};

const NO_GATE = {
  code: "TR004",
  name: "sign-on-without-gate",
  what: "`protected` or `public` in a site that has no gate",
  why:
    'A gate comes from the plugin that knows who may enter, such as authentik with `pattern = "forward-auth"`. ' +
    "Without one every path is public, also those that are said to be protected.",
  example: `${WHOLE}[traefik]\nprotected = ["/admin/*"]\n`,
  useInstead: `${ELSEWHERE}${WHOLE}${GATED}[traefik]\nprotected = ["/admin/*"]\n`,
  source: "examples/plugins/traefik/README.md",
  check(call, report) {
    if (gateOf(call) !== null) return;
    if (call.table.protected.length > 0) {
      const help = 'add [authentik] with `pattern = "forward-auth"`, or leave `protected` out';
      report("nobody asks for sign-on at this site, so what is `protected` would be open to everybody", tableKey("protected"), { help });
    }
    if (call.table.public.length > 0) {
      const help = 'add [authentik] with `pattern = "forward-auth"`, or leave `public` out';
      report("nobody asks for sign-on at this site, so everything is public", tableKey("public"), { help, severity: "warning" });
    }
  },
};

const GATE_UNKNOWN = {
  code: "TR005",
  name: "gate-not-for-traefik",
  what: "a gate that does not say how Traefik asks it",
  why: "Each kind of proxy asks in a way of its own, and a gate has a path for each that it knows. Without one the site would be open.",
  example: "# a plugin that contributes `rick:gate@1` without `verify.traefik`\n",
  useInstead: "# one that has it, such as authentik\n",
  source: "docs/plugins/contract.md",
  check(call, report) {
    for (const { value, place } of call.reads(GATE)) {
      if (value.verify[PROXY] !== undefined) continue;
      const help = "use another proxy, or another plugin for sign-on";
      report("the gate does not say how Traefik asks it, so the site would be open", place, { help });
    }
  },
};

const PREFIX_PATH = {
  code: "TR006",
  name: "path-by-its-beginning",
  waivable: true,
  what: "a path in `public` or `protected` that ends in `*` without a slash before it",
  why: "`/health*` is also /healthadmin. `/health` is one path, and `/health/*` is what is below it.",
  example: '[traefik]\npublic = ["/health*"]\n',
  useInstead: `${ELSEWHERE}${WHOLE}${GATED}[traefik]\npublic = ["/health", "/health/*"]\n`,
  source: "https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/#path-pathprefix-and-pathregexp",
  check(call, report) {
    for (const key of ["public", "protected"]) {
      call.table[key].forEach((path, index) => {
        if (!path.endsWith("*") || path.endsWith("/*")) return;
        const beginning = path.slice(0, -1);
        const help = `say \`${beginning}\`, and \`${beginning}/*\` for what is below it`;
        report(`\`${path}\` is every path that begins so, also \`${beginning}admin\``, table(key, index), { help });
      });
    }
  },
};

const PUBLIC_METRICS = {
  code: "TR007",
  name: "public-metrics",
  severity: "warning",
  waivable: true,
  what: "`/metrics` in `public`",
  why: "Metrics tell names, versions and load to whoever asks. A collector on the machine reaches the service's own port, and needs no site.",
  example: '[traefik]\npublic = ["/metrics"]\n',
  useInstead: `${ELSEWHERE}${WHOLE}${GATED}[traefik]\npublic = ["/health"]\n`,
  source: "https://prometheus.io/docs/operating/security/",
  check(call, report) {
    call.table.public.forEach((path, index) => {
      if (!path.split("/").some((step) => step.replace(/\*$/, "") === "metrics")) return;
      const help = "leave it out: what collects them on the machine asks the service's port on 127.0.0.1";
      report(`\`${path}\` shows the service's metrics to everybody`, table("public", index), { help });
    });
  },
};

const TWO_PROXIES = {
  code: "TR008",
  name: "two-proxies",
  what: "a domain that is served by Caddy as well",
  why: "A name leads to one proxy. What is said in the other's table, such as a path that needs sign-on, would hold for nobody.",
  example: `${WHOLE}[caddy]\n\n[traefik]\n`,
  useInstead: `${WHOLE}[traefik]\n`,
  source: "examples/plugins/traefik/README.md",
  check(call, report) {
    // Whose a domain is with another proxy is known by its pool alone: both sites say the same in `rick:site@1`.
    if (Object.keys(call.claimed["caddy:domain"] ?? {}).length > 0) {
      report("the service has a site of Caddy's as well", table(), { help: "take [traefik] or [caddy] out" });
      return;
    }
    const { name, domain } = call.service;
    const other = call.reads(SITE).find((site) => site.key === domain && site.service !== name);
    if (other === undefined) return;
    report(`\`${domain}\` is served by \`${other.service}\` as well`, service("domain"), {
      help: "give one of them another domain",
      notes: [{ at: other.place, message: "the other site" }],
    });
  },
};

const OLD_TRAEFIK = {
  code: "TR009",
  name: "traefik-before-3",
  what: "a machine with Traefik 2",
  why: "Its rules are other words: it would take none of the files, and serve no site.",
  example: `# rick.toml\n[machines.web1]\nversions = { podman = "5.4.2", traefik = "2.11" }\n# services/myservice.toml\n${WHOLE}[traefik]\n`,
  useInstead: `# rick.toml\n[machines.web1]\nversions = { podman = "5.4.2", traefik = "3.7" }\n# services/myservice.toml\n${WHOLE}[traefik]\n`,
  source: "https://doc.traefik.io/traefik/migrate/v2-to-v3-details/#router-rule-matchers",
  check(call, report) {
    const stated = call.machine.versions[PROXY];
    if (stated === undefined || Number.parseInt(stated, 10) >= 3) return;
    report(`the machine has Traefik ${stated}, and its rules were other ones before 3`, machine("versions", PROXY), { help: "use Traefik 3" });
  },
};

/** Every rule, in the order of their codes, with what finds it. */
const CHECKS = [
  NO_DOMAIN,
  NO_UPSTREAM,
  PUBLIC_AND_PROTECTED,
  NO_GATE,
  GATE_UNKNOWN,
  PREFIX_PATH,
  PUBLIC_METRICS,
  TWO_PROXIES,
  OLD_TRAEFIK,
];

/** Every rule. */
export const RULES = CHECKS.map(rule);

/** Makes all checks of a service. */
export function check(call, out) {
  CHECKS.forEach(({ check: find }, index) => find(call, (...found) => out.report(RULES[index], ...found)));
}
