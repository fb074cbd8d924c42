"""Where the numbers of a service are.

A target is a file of Prometheus's file-based discovery, which Prometheus sees as soon as it changes. What differs between services is in
labels of the target that Prometheus takes as settings, so that one job does for all of them. A token alone cannot be said there: such a
service has a job of its own.
"""

import json
from dataclasses import dataclass

from rick_plugin import ENDPOINT, SITE, Artifact, Call, Place, Read, Secret, authority, fact, machine, service, table

from . import yaml_lines
from .schema import seconds
from .yaml_lines import Because

FOLDER = "/etc/prometheus/rick"
# The one job of all services without a token.
JOBS = f"{FOLDER}/scrape/all_services.yml"

# The first Prometheus that reads further files with jobs, `scrape_config_files`.
READS_FILES = (2, 43)

# An address that stands for all addresses is asked for at the machine's own.
_EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def targets_path(name: str) -> str:
    return f"{FOLDER}/targets/{name}.json"


def rules_path(name: str) -> str:
    return f"{FOLDER}/rules/{name}.yml"


def job_path(name: str) -> str:
    return f"{FOLDER}/scrape/{name}.yml"


def token_path(name: str) -> str:
    return f"{FOLDER}/tokens/{name}"


def reads_files(call: Call) -> bool:
    """Whether Prometheus reads files with jobs. One whose version nobody said does."""
    stated = call.version("prometheus")
    return stated is None or stated >= READS_FILES


@dataclass
class Target:
    """What is asked for numbers, and because of what."""

    address: str
    port: int
    place: Place

    @property
    def authority(self) -> str:
        return authority(_EVERY.get(self.address, self.address), self.port)

    @property
    def is_open(self) -> bool:
        """Others than the machine itself may reach it."""
        return not (self.address.startswith("127.") or self.address == "::1")


def target(call: Call) -> Target | None:
    """Whom to ask: the endpoint of the port that is said, or that of the service's own."""
    port = call.table.get("port", call.service.get("port"))
    for endpoint in call.reads(ENDPOINT):
        # `8080` is the port of [service], `9090/tcp` one of [[quadlet.ports]].
        if endpoint.key.split("/")[0] == str(port) and endpoint.value["protocol"] != "udp":
            return Target(endpoint.value["address"], endpoint.value["port"], endpoint.place)
    return None


def timeout(call: Call) -> tuple[str, list[Place]]:
    """How long an answer may take. Prometheus drops a target whose timeout is longer than its interval, so its own default of 10s, which
    is right for most, is not for an interval of 5s.
    """
    if "timeout" in call.table:
        return call.table["timeout"], [table("timeout")]
    interval = call.table["interval"]
    return ("10s" if seconds(interval) > 10 else interval), [table("interval")]


def identity(call: Call) -> dict[str, str]:
    """The labels by which the metrics of a service are known. An address on the machine itself would say nothing elsewhere."""
    name = call.service["name"]
    return {"job": name, "instance": call.machine["name"], "service": name}


def sites(call: Call) -> list[Read]:
    """The sites to be watched from outside."""
    return call.reads(SITE) if call.table["probe"] and "blackbox" in call.facts else []


def targets_file(call: Call, found: Target) -> Artifact:
    """The service's targets: itself, unless it has a job of its own, and its sites as the blackbox exporter sees them."""
    groups: list[tuple[dict, list[Place]]] = []
    if "token" not in call.table:
        duration, because = timeout(call)
        settings = {
            "__metrics_path__": call.table["path"],
            "__scrape_interval__": call.table["interval"],
            "__scrape_timeout__": duration,
        }
        labels = call.table["labels"] | identity(call) | settings
        because = [found.place, table("path"), table("interval"), *because, table("labels")]
        groups.append(({"targets": [found.authority], "labels": labels}, because))
    for site in sites(call):
        url = site.value["url"]
        settings = {
            "__metrics_path__": "/probe",
            "__param_module": call.facts["blackbox_module"],
            "__param_target": f"{url}/",
        }
        labels = {"job": "site", "instance": url, "service": call.service["name"]} | settings
        because = [site.place, fact("blackbox"), fact("blackbox_module")]
        groups.append(({"targets": [call.facts["blackbox"]], "labels": labels}, because))
    file = Artifact(targets_path(call.service["name"]))
    if groups:
        # Each target is a line of its own, with its own reasons.
        file.line("[", because=service("name"))
        for index, (group, because) in enumerate(groups):
            comma = "," if index + 1 < len(groups) else ""
            file.line("  ", json.dumps(group, ensure_ascii=False), comma, because=because)
        file.line("]", because=service("name"))
    return file


def _labels(call: Call) -> dict:
    said = {label: Because(value, [table("labels", label)]) for label, value in call.table["labels"].items()}
    where = {"instance": machine("name")}
    known = {label: Because(value, [where.get(label, service("name"))]) for label, value in identity(call).items()}
    return said | known


def job_file(call: Call, found: Target) -> Artifact | None:
    """The job of a service that wants a token."""
    if "token" not in call.table or not reads_files(call):
        return None
    name = call.service["name"]
    said = [table("token", "secret")]
    job = {
        "job_name": f"rick/{name}",
        "metrics_path": Because(call.table["path"], [table("path")]),
        "scrape_interval": Because(call.table["interval"], [table("interval")]),
        "scrape_timeout": Because(*timeout(call)),
        "authorization": Because({"credentials_file": token_path(name)}, said),
        "static_configs": Because([{"targets": [found.authority], "labels": _labels(call)}], [found.place]),
    }
    file = Artifact(job_path(name))
    head(file, name, [service("name")])
    yaml_lines.write(file, {"scrape_configs": [job]}, said)
    return file


def token_file(call: Call) -> Artifact | None:
    """The token. Prometheus reads it anew for each request."""
    if "token" not in call.table or not reads_files(call):
        return None
    file = Artifact(token_path(call.service["name"]), mode=0o640, group=call.facts["group"])
    file.line(Secret(call.table["token"]["secret"]), because=[table("token", "secret"), fact("group")])
    return file


def head(file: Artifact, name: str, because: list[Place]) -> None:
    """The first line of a file for people."""
    file.line(f"# the service {name}; written by rick, change its manifest instead", because=because)
