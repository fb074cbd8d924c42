"""What a manifest says in `[metrics]`, and rick.toml in `[machines.<machine>.metrics]`."""

import re

from rick_plugin import closed

# As Prometheus writes durations, without what nobody means here: days, and nothing at all.
_NUMBER = "[1-9][0-9]{0,3}"
_DURATION = f"^({_NUMBER}h({_NUMBER}m)?({_NUMBER}s)?|{_NUMBER}m({_NUMBER}s)?|{_NUMBER}s)$"
_LABEL = "^[a-zA-Z_][a-zA-Z0-9_]*$"
_SEVERITY = "^[a-z][a-z0-9-]*$"
_SECRET = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$"


def _duration(description: str, **more: str) -> dict:
    return {
        "type": "string",
        "pattern": _DURATION,
        "x-form": "a duration such as 30s, 5m or 1h30m",
        "description": description,
        **more,
    }


def _severity(description: str, default: str) -> dict:
    form = "a word of lower case letters, digits and hyphens"
    return {"type": "string", "pattern": _SEVERITY, "x-form": form, "default": default, "description": description}


_RULE = closed(
    {
        "expr": {
            "type": "string",
            "minLength": 1,
            "description": "The alert is there where this PromQL expression has a result.",
        },
        "for": _duration("How long it must have had one.", default="5m"),
        "severity": _severity("The label `severity` of the alert.", "warning"),
        "summary": {
            "type": "string",
            "minLength": 1,
            "description": "What the alert says, in one line. Prometheus fills in `{{ $value }}`.",
        },
    },
    required=["expr", "summary"],
)

TABLE = closed(
    {
        "path": {
            "type": "string",
            "pattern": "^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$",
            "x-form": "a path such as /metrics",
            "default": "/metrics",
            "description": "Where the metrics are at the service.",
        },
        "port": {
            "type": "integer",
            "minimum": 1,
            "maximum": 65535,
            "description": "The port inside that shows them. Without it: that of `[service]`. Any other is to be in `[[quadlet.ports]]`.",
        },
        "interval": _duration("How often they are asked for.", default="1m"),
        "timeout": _duration("How long an answer may take. Without it: 10s, or the interval where that is shorter."),
        "labels": {
            "type": "object",
            "propertyNames": {"pattern": _LABEL},
            "additionalProperties": {"type": "string"},
            "default": {},
            "description": "Labels that all of the service's metrics have.",
        },
        "token": closed(
            {"secret": {"type": "string", "pattern": _SECRET, "description": "The secret's name."}}, required=["secret"]
        )
        | {"description": "The secret that the service wants to see as `Authorization: Bearer`."},
        "probe": {
            "type": "boolean",
            "default": True,
            "description": "Watches the service's sites from outside, where the machine has a blackbox exporter.",
        },
        "alerts": {
            "type": "boolean",
            "default": True,
            "description": "Alerts that every service needs. Those in `rules` are there in any case.",
        },
        "down_for": _duration("How long the service must have been down until somebody is told.", default="5m"),
        "severity": _severity("The label `severity` of the alerts that the service is down.", "critical"),
        "rules": {
            "type": "object",
            "propertyNames": {"pattern": _LABEL},
            "additionalProperties": _RULE,
            "default": {},
            "description": "Alerts of one's own, by name.",
        },
    }
)

FACTS = closed(
    {
        "unit": {
            "type": "string",
            "pattern": r"^[A-Za-z0-9:_.@\\-]+\.service$",
            "x-form": "the name of a service unit",
            "default": "prometheus.service",
            "description": "Prometheus's unit of the system's manager.",
        },
        "group": {
            "type": "string",
            "pattern": "^[a-z_][a-z0-9_-]{0,30}$",
            "x-form": "the name of a group",
            "default": "prometheus",
            "description": "Whom Prometheus runs as; the group reads tokens.",
        },
        "url": {
            "type": "string",
            "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+(/[A-Za-z0-9._/-]*[A-Za-z0-9._-])?$",
            "x-form": "a URL without a slash at the end, such as http://127.0.0.1:9090",
            "default": "http://127.0.0.1:9090",
            "description": "Where Prometheus answers on the machine: `rick verify` asks there.",
        },
        "blackbox": {
            "type": "string",
            "pattern": r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$",
            "x-form": "an address and a port, such as 127.0.0.1:9115",
            "description": "Where a blackbox exporter answers. Without it no site is watched from outside.",
        },
        "blackbox_module": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]+$",
            "x-form": "the name of a module in its configuration",
            "default": "http_2xx",
            "description": "How it probes.",
        },
    }
)


def seconds(duration: str) -> int:
    """A duration of the schema in seconds."""
    unit = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * unit[name] for number, name in re.findall("([0-9]+)([hms])", duration))
