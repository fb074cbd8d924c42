"""The checks."""

from collections.abc import Callable

from rick_plugin import (
    Call,
    Diagnostics,
    Fix,
    Note,
    Remove,
    Rule,
    Severity,
    machine,
    page,
    pointer,
    service,
    table,
    table_key,
)

from .schema import seconds
from .target import READS_FILES, reads_files, target, timeout

NO_PORT = Rule(
    code="MT001",
    name="metrics-without-port",
    page=page(
        what="`[metrics]` in a service whose port for metrics is not open on the machine",
        why="Prometheus asks over HTTP, and there is nothing to ask.",
        example="[metrics]\n",
        use_instead='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\n',
        source="https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config",
    ),
)

LONG_TIMEOUT = Rule(
    code="MT002",
    name="timeout-above-interval",
    page=page(
        what="a `timeout` that is longer than the `interval`",
        why="Prometheus refuses such a target, and says so only on its own page: the service is not watched.",
        example='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ntimeout = "2m"\n',
        use_instead='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ninterval = "2m"\ntimeout = "2m"\n',
        source="https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config",
    ),
)

RESERVED_LABEL = Rule(
    code="MT003",
    name="reserved-label",
    page=page(
        what="`job`, `instance`, `service` or a name that begins with `__` in `labels`",
        why="By the first three the alerts know the service. Prometheus takes what begins with `__` as its own settings, and drops it.",
        example='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics.labels]\njob = "wikis"\n',
        use_instead='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics.labels]\nteam = "wikis"\n',
        source="https://prometheus.io/docs/concepts/jobs_instances/",
    ),
)

OLD_FOR_TOKEN = Rule(
    code="MT004",
    name="token-before-2-43",
    page=page(
        what="a `token` on a machine whose Prometheus is older than 2.43",
        why="A token is a setting of a job, and before 2.43 jobs can be in prometheus.yml alone, which is not rick's.",
        example=(
            '[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ntoken = { secret = "wiki_metrics_token" }\n\n'
            '# rick.toml\n[machines.web1]\nversions = { podman = "5.4.2", prometheus = "2.42.0" }\n'
        ),
        use_instead=(
            '[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ntoken = { secret = "wiki_metrics_token" }\n\n'
            '# rick.toml\n[machines.web1]\nversions = { podman = "5.4.2", prometheus = "2.53.3" }\n'
        ),
        source="https://github.com/prometheus/prometheus/releases/tag/v2.43.0",
    ),
)

HASTY_ALERT = Rule(
    code="MT005",
    name="alert-after-one-failure",
    severity=Severity.WARNING,
    waivable=True,
    page=page(
        what="a `down_for` that is shorter than two intervals",
        why="One answer that was lost is then an alert, and who is woken for nothing does not get up the next time.",
        example='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ninterval = "5m"\n',
        use_instead='[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\nport = 8080\n\n[metrics]\ninterval = "5m"\ndown_for = "15m"\n',
        source="https://prometheus.io/docs/practices/alerting/",
    ),
)

OPEN_METRICS = Rule(
    code="MT006",
    name="metrics-open-to-others",
    severity=Severity.WARNING,
    waivable=True,
    page=page(
        what="metrics without a `token` on a port that others than the machine reach",
        why="Metrics tell names, versions and load to whoever asks. Prometheus is on the machine, and reaches 127.0.0.1.",
        example=(
            '[[quadlet.ports]]\nport = 9000\naddress = "0.0.0.0"\n\n[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\n\n'
            "[metrics]\nport = 9000\n"
        ),
        use_instead='[[quadlet.ports]]\nport = 9000\n\n[service]\nimage = "ghcr.io/acme/wiki:1.0.0"\n\n[metrics]\nport = 9000\n',
        source="https://prometheus.io/docs/operating/security/",
    ),
)


def _no_port(call: Call, out: Diagnostics) -> None:
    if target(call) is not None:
        return
    name = call.service["name"]
    if "port" in call.table:
        port = call.table["port"]
        message = f"port {port} of `{name}` is not open on the machine, so that Prometheus cannot ask it"
        out.report(NO_PORT, message, table("port"), help=f"add a port {port} to [[quadlet.ports]]")
    else:
        message = f"`{name}` has no port to ask for metrics"
        out.report(NO_PORT, message, table(), help="add `port` to [service] or to [metrics]")


def _long_timeout(call: Call, out: Diagnostics) -> None:
    held, _ = timeout(call)
    interval = call.table["interval"]
    if seconds(held) > seconds(interval):
        message = f"the timeout `{held}` is longer than the interval, `{interval}`"
        notes = [Note(table("interval"), "the interval")]
        # Without it, it is never too long.
        fix = Fix("remove `timeout`", True, [Remove(pointer("table", "timeout"))])
        out.report(
            LONG_TIMEOUT, message, table("timeout"), notes=notes, fixes=[fix], help="make it shorter, or leave it out"
        )


def _reserved_label(call: Call, out: Diagnostics) -> None:
    for label in call.table["labels"]:
        if label in ("job", "instance", "service"):
            message = f"the label `{label}` is how alerts know the service"
        elif label.startswith("__"):
            message = f"the label `{label}` begins with `__`, which is for Prometheus's own"
        else:
            continue
        out.report(RESERVED_LABEL, message, table_key("labels", label), help="give the label another name")


def _old_for_token(call: Call, out: Diagnostics) -> None:
    if "token" in call.table and not reads_files(call):
        stated = call.machine["versions"]["prometheus"]
        since = ".".join(map(str, READS_FILES))
        message = f"Prometheus {stated} cannot be told of a token by rick; that is so from {since} on"
        notes = [Note(machine("versions", "prometheus"), "the version is said here")]
        out.report(
            OLD_FOR_TOKEN,
            message,
            table("token"),
            notes=notes,
            help="leave the port to 127.0.0.1, and take `token` out",
        )


def _hasty_alert(call: Call, out: Diagnostics) -> None:
    interval, down_for = call.table["interval"], call.table["down_for"]
    if call.table["alerts"] and seconds(down_for) < 2 * seconds(interval):
        message = f"somebody is told after `{down_for}`, within which the service is asked no more than once or twice"
        notes = [Note(table("interval"), f"it is asked every `{interval}`")]
        out.report(
            HASTY_ALERT, message, table("down_for"), notes=notes, help="make `down_for` at least two intervals long"
        )


def _open_metrics(call: Call, out: Diagnostics) -> None:
    found = target(call)
    if found is not None and found.is_open and "token" not in call.table:
        message = f"whoever reaches `{found.address}` reads the metrics of `{call.service['name']}`"
        at = table("port") if "port" in call.table else service("port")
        help = "let the port answer on 127.0.0.1 alone, or have the service ask for a `token`"
        out.report(OPEN_METRICS, message, at, notes=[Note(found.place, "the port is opened here")], help=help)


ALL = [NO_PORT, LONG_TIMEOUT, RESERVED_LABEL, OLD_FOR_TOKEN, HASTY_ALERT, OPEN_METRICS]

_CHECKS: list[Callable[[Call, Diagnostics], None]] = [
    _no_port,
    _long_timeout,
    _reserved_label,
    _old_for_token,
    _hasty_alert,
    _open_metrics,
]


def check(call: Call, out: Diagnostics) -> None:
    """Makes all checks of a service."""
    for one in _CHECKS:
        one(call, out)
