/** The plugin `__name__`: tells a service, and whoever logs in on its machine, whom to ask about it. */

import { ENDPOINT, ENV, Artifact, Plugin, authority, closed, reads, rule, service, table } from "./rick-plugin.js";

export const VERSION = "0.1.0";

// What a manifest may say in `[__name__]`. rick holds a manifest against it and fills in the defaults before the plugin sees anything.
const TABLE = closed(
  {
    contact: {
      type: "string",
      pattern: "^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$",
      "x-form": "an e-mail address",
      description: "Who is responsible for the service: an e-mail address.",
    },
    motd: { type: "boolean", default: true, description: "Names the service to whoever logs in on the machine." },
  },
  ["contact"],
);

const EXAMPLE_CONTACT = rule({
  code: "__NAME__001",
  name: "contact-is-an-example",
  severity: "warning",
  waivable: true,
  what: "a `contact` at example.com, example.org or example.net",
  why: "These domains are kept for documentation: mail to them reaches nobody.",
  example: '[__name__]\ncontact = "admin@example.org"\n',
  useInstead: '[__name__]\ncontact = "admin@acme.dev"\n',
  source: "https://www.rfc-editor.org/rfc/rfc2606#section-3",
});

class Sample extends Plugin {
  describe() {
    return {
      name: "__name__",
      version: VERSION,
      summary: "says whom to ask about a service",
      tableSchema: TABLE,
      reads: [reads(ENDPOINT, "render")],
      writesSlots: [ENV],
      writes: ["/etc/motd.d/rick-*"],
      rules: [EXAMPLE_CONTACT],
    };
  }

  contribute(call, out) {
    out.add(ENV, "ADMIN_EMAIL", [call.table.contact], table("contact"));
  }

  checkService(call, out) {
    const { contact } = call.table;
    const domain = contact.slice(contact.lastIndexOf("@") + 1).toLowerCase();
    if (["example.com", "example.org", "example.net"].includes(domain)) {
      const help = "name somebody who reads mail";
      out.report(EXAMPLE_CONTACT, `\`${contact}\` is an example, which reaches nobody`, table("contact"), { help });
    }
  }

  renderService(call, out) {
    if (!call.table.motd) return;
    const { name } = call.service;
    const { contact } = call.table;
    const file = new Artifact(`/etc/motd.d/rick-${name}`);
    for (const endpoint of call.reads(ENDPOINT).filter(({ value }) => value.protocol === "http")) {
      const at = authority(endpoint.value.address, endpoint.value.port);
      file.line(`${name}: http://${at}, ask ${contact}`, [endpoint.place, table("contact")]);
    }
    if (file.content.length === 0) file.line(`${name}: ask ${contact}`, [service("name"), table("contact")]);
    out.artifact(file);
  }
}

export const plugin = new Sample();
