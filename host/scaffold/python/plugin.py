"""The plugin `__name__`: tells a service, and whoever logs in on its machine, whom to ask about it."""

from rick_plugin import (
    ENDPOINT,
    ENV,
    Artifact,
    Call,
    Contributions,
    Descriptor,
    Diagnostics,
    Plugin,
    Reads,
    Rendered,
    Rule,
    Severity,
    authority,
    closed,
    export,
    page,
    service,
    table,
)

VERSION = "0.1.0"

# What a manifest may say in `[__name__]`. rick holds a manifest against it and fills in the defaults before the plugin sees anything.
TABLE = closed(
    {
        "contact": {
            "type": "string",
            "pattern": "^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$",
            "x-form": "an e-mail address",
            "description": "Who is responsible for the service: an e-mail address.",
        },
        "motd": {
            "type": "boolean",
            "default": True,
            "description": "Names the service to whoever logs in on the machine.",
        },
    },
    required=["contact"],
)

EXAMPLE_CONTACT = Rule(
    code="__NAME__001",
    name="contact-is-an-example",
    severity=Severity.WARNING,
    waivable=True,
    page=page(
        what="a `contact` at example.com, example.org or example.net",
        why="These domains are kept for documentation: mail to them reaches nobody.",
        example='[__name__]\ncontact = "admin@example.org"\n',
        use_instead='[__name__]\ncontact = "admin@acme.dev"\n',
        source="https://www.rfc-editor.org/rfc/rfc2606#section-3",
    ),
)


class Sample(Plugin):
    def describe(self) -> Descriptor:
        return Descriptor(
            "__name__",
            VERSION,
            "says whom to ask about a service",
            table_schema=TABLE,
            reads=[Reads(ENDPOINT, by="render")],
            writes_slots=[ENV],
            writes=["/etc/motd.d/rick-*"],
            rules=[EXAMPLE_CONTACT],
        )

    def contribute(self, call: Call, out: Contributions) -> None:
        out.add(ENV, "ADMIN_EMAIL", [call.table["contact"]], because=table("contact"))

    def check_service(self, call: Call, out: Diagnostics) -> None:
        contact = call.table["contact"]
        domain = contact.rpartition("@")[2].lower()
        if domain in ("example.com", "example.org", "example.net"):
            message = f"`{contact}` is an example, which reaches nobody"
            out.report(EXAMPLE_CONTACT, message, table("contact"), help="name somebody who reads mail")

    def render_service(self, call: Call, out: Rendered) -> None:
        if not call.table["motd"]:
            return
        name, contact = call.service["name"], call.table["contact"]
        file = Artifact(f"/etc/motd.d/rick-{name}")
        for endpoint in call.reads(ENDPOINT):
            if endpoint.value["protocol"] == "http":
                at = authority(endpoint.value["address"], endpoint.value["port"])
                file.line(f"{name}: http://{at}, ask {contact}", because=[endpoint.place, table("contact")])
        if not file.content:
            file.line(f"{name}: ask {contact}", because=[service("name"), table("contact")])
        out.artifact(file)


# componentize-py looks for these six in this module.
Meta, Claim, Contribute, Check, CheckFiles, Render = export(Sample())
