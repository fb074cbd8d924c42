"""When somebody is told: a file of alert rules for each service.

Few, and each worth being woken or at least told about: the service is down, nobody asks it any more, it does not stay up, its site does
not answer, its certificate ends.
"""

from typing import Any

from rick_plugin import Artifact, Call, Place, service, table

from . import yaml_lines
from .target import Target, head, identity, rules_path, sites
from .yaml_lines import Because, scalar

# Longer than Prometheus takes to start, and to find its targets anew.
_MISSING_FOR = "15m"
_CERTIFICATE_DAYS = 14


def rules_file(call: Call, found: Target) -> Artifact:
    """The rules of a service."""
    name = call.service["name"]
    groups: list[dict[str, Any]] = [{"name": name, "rules": _of_service(call, found)}]
    if call.table["alerts"]:
        for site in sites(call):
            groups.append(
                {
                    "name": f"{name} {site.value['url']}",
                    "rules": Because(_of_site(call, site.value["url"]), [site.place]),
                }
            )
    file = Artifact(rules_path(name))
    head(file, name, [service("name")])
    yaml_lines.write(file, {"groups": groups}, [service("name")])
    return file


def _of_service(call: Call, found: Target) -> list[Any]:
    up = of_target("up", call)
    # For dashboards, and for `rick verify`, which can tell by it that Prometheus reads these rules.
    rules: list[Any] = [Because({"record": "service:up:min", "expr": f"min by (service) ({up})"}, [found.place])]
    if call.table["alerts"]:
        down_for = call.table["down_for"]
        severity = call.table["severity"]
        told = [table("alerts"), table("down_for"), table("severity")]
        name = call.service["name"]
        rules += [
            _alert(call, "ServiceDown", f"{up} == 0", down_for, severity, f"{name} does not show its metrics", told),
            # `up` is 0 only of what Prometheus asks: a target that it lost is down without a word.
            _alert(
                call,
                "ServiceNotWatched",
                f"absent({up})",
                _MISSING_FOR,
                "warning",
                f"Prometheus does not ask {name}",
                [table("alerts")],
            ),
            _alert(
                call,
                "ServiceRestarts",
                f"changes({of_target('process_start_time_seconds', call)}[30m]) > 3",
                "5m",
                "warning",
                f"{name} was started {{{{ $value }}}} times within 30 minutes",
                [table("alerts")],
            ),
        ]
    for name, rule in call.table["rules"].items():
        rules.append(
            _alert(call, name, rule["expr"], rule["for"], rule["severity"], rule["summary"], [table("rules", name)])
        )
    return rules


def _of_site(call: Call, url: str) -> list[Any]:
    labels = {"job": "site", "instance": url}
    told = [table("alerts"), table("probe"), table("severity")]
    down_for, severity = call.table["down_for"], call.table["severity"]
    down = f"{selector('probe_success', labels)} == 0"
    rules = [_alert(call, "SiteDown", down, down_for, severity, f"{url} does not answer", [*told, table("down_for")])]
    if url.startswith("https://"):
        left = f"{selector('probe_ssl_earliest_cert_expiry', labels)} - time()"
        ends = "the certificate of " + url + " ends in {{ $value | humanizeDuration }}"
        rules.append(
            _alert(call, "CertificateEnds", f"{left} < {_CERTIFICATE_DAYS} * 86400", "1h", "warning", ends, told[:2])
        )
    return rules


def _alert(call: Call, name: str, expr: str, held: str, severity: str, summary: str, because: list[Place]) -> Because:
    labels = {"severity": severity, "service": call.service["name"]}
    rule = {"alert": name, "expr": expr, "for": held, "labels": labels, "annotations": {"summary": summary}}
    return Because(rule, because)


def of_target(metric: str, call: Call) -> str:
    """A metric of the service in PromQL."""
    labels = identity(call)
    return selector(metric, {"job": labels["job"], "instance": labels["instance"]})


def selector(metric: str, labels: dict[str, str]) -> str:
    """A metric with labels in PromQL, whose strings in double quotes are written as JSON's are."""
    return f"{metric}{{{', '.join(f'{label}={scalar(value)}' for label, value in labels.items())}}}"
