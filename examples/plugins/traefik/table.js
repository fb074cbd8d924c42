/** What a manifest says in `[traefik]`, and rick.toml in `[machines.<machine>.traefik]`. */

import { closed } from "./rick-plugin.js";

const DOMAIN = "^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
const PATH = "^/[A-Za-z0-9._~!$&'()+,=:@/-]*\\*?$";
const NAME = "^[A-Za-z0-9_-]+$";

const paths = (description) => ({
  type: "array",
  default: [],
  description,
  items: { type: "string", pattern: PATH, "x-form": "a path such as /health, or /static/* for all below it" },
});

export const TABLE = closed({
  domains: {
    type: "array",
    default: [],
    description: "Further names; each leads to the service's domain by a redirect.",
    items: { type: "string", pattern: DOMAIN, "x-form": "a domain" },
  },
  public: paths(
    "Paths that need no sign-on: `/health` is just that path, `/static/*` is everything below it. " +
      "What they serve must not trust identity headers: there are none.",
  ),
  protected: paths("The only paths that need sign-on; everything else is public."),
  middlewares: {
    type: "array",
    default: [],
    description: "Middlewares of your own, in their order: behind the gate and before the service.",
    items: { type: "string", pattern: "^[A-Za-z0-9_-]+@[a-z]+$", "x-form": "a name with its provider, such as compress@file" },
  },
  upstream: {
    type: "string",
    pattern: "^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$",
    "x-form": "an address and a port, such as 127.0.0.1:3000",
    description: "Who answers, where that is no container of rick's: an address and a port.",
  },
  env: {
    type: "object",
    default: {},
    description:
      "Variables that tell the service how it is reached, each with the form of its value: `url`, `domain`, and the networks " +
      "from which the proxy reaches it, `proxies` with commas or `proxies-spaced` with spaces.",
    propertyNames: { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
    additionalProperties: { enum: ["url", "domain", "proxies", "proxies-spaced"] },
  },
});

export const FACTS = closed({
  entrypoint: { type: "string", default: "websecure", pattern: NAME, description: "The entry point that browsers reach." },
  tls: { type: "boolean", default: true, description: "The entry point serves HTTPS." },
  resolver: {
    type: "string",
    pattern: NAME,
    description: "The resolver of certificates. Without it, Traefik has certificates of its own or makes one that nobody trusts.",
  },
  inner: {
    type: "string",
    default: "inner",
    pattern: NAME,
    description: "The entry point, for the machine alone, at which Traefik asks itself who may enter.",
  },
  inner_address: {
    type: "string",
    default: "127.0.0.1:8099",
    pattern: "^(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,5}$",
    "x-form": "an address of the machine itself, such as 127.0.0.1:8099",
    description: "Where that entry point listens.",
  },
  seen_as: {
    type: "array",
    default: ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"],
    description: "The networks from which a container sees the proxy.",
    items: { type: "string", pattern: "^[0-9a-fA-F.:]+/[0-9]{1,3}$", "x-form": "a network such as 10.0.0.0/8" },
  },
});
