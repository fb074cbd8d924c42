"""The calls of the plugin `metrics`."""

from rick_plugin import (
    CHECK,
    ENDPOINT,
    SECRET,
    SITE,
    STEP,
    Artifact,
    Call,
    Contributions,
    Descriptor,
    Diagnostics,
    Plugin,
    Reads,
    Rendered,
    fact,
    of,
    table,
)

from . import rules, yaml_lines
from .alerts import rules_file
from .questions import ask
from .schema import FACTS, TABLE
from .target import FOLDER, JOBS, job_file, job_path, reads_files, rules_path, target, targets_file, token_file

VERSION = "0.1.0"


class Metrics(Plugin):
    def describe(self) -> Descriptor:
        return Descriptor(
            "metrics",
            VERSION,
            "targets and alert rules for Prometheus",
            table_schema=TABLE,
            facts_schema=FACTS,
            reads=[Reads(ENDPOINT, by="check"), Reads(SITE, by="render")],
            writes_slots=[SECRET, STEP, CHECK],
            writes=[f"{FOLDER}/{kind}" for kind in ("targets/*.json", "rules/*.yml", "scrape/*.yml", "tokens/*")],
            steps=["system-unit"],
            rules=rules.ALL,
        )

    def contribute(self, call: Call, out: Contributions) -> None:
        if "token" in call.table:
            out.add(SECRET, call.table["token"]["secret"], {}, because=table("token", "secret"), stated=True)

    def check_service(self, call: Call, out: Diagnostics) -> None:
        rules.check(call, out)

    def render_service(self, call: Call, out: Rendered) -> None:
        found = target(call)
        if found is None:
            return
        for file in (targets_file(call, found), rules_file(call, found), job_file(call, found), token_file(call)):
            if file is not None:
                out.artifact(file)
        ask(call, found, out)

    def render_machine(self, call: Call, out: Rendered) -> None:
        reasons = [of(name, "table") for name in call.services]
        changed = [rules_path(name) for name in call.services]
        if reads_files(call):
            jobs = Artifact(JOBS)
            jobs.line("# written by rick; change the services' manifests instead", because=reasons)
            job = {"job_name": "rick", "file_sd_configs": [{"files": [f"{FOLDER}/targets/*.json"]}]}
            yaml_lines.write(jobs, {"scrape_configs": [job]}, reasons)
            out.artifact(jobs)
            changed += [JOBS, *(job_path(name) for name, entry in call.services.items() if "token" in entry["table"])]
        # Prometheus sees a change of targets and of tokens by itself.
        unit = call.facts["unit"]
        out.step("reload", "system-unit", "proxy", because=fact("unit"), changed=changed, unit=unit, action="reload")
