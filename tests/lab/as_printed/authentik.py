"""Authentik Provider Configuration, Group-Based Authorization: against the schemas of authentik's blueprints.

They say which objects and settings there are, and of what form; what a setting does, or which one is wanted, only
authentik knows.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from as_printed import follow
from as_printed.findings import Findings
from machine import PROJECT

# Before and after the version that took `parent` away.
VERSIONS = ("2025.10", "2026.2")


def judge(findings: Findings) -> None:
    """Asks each schema for what is printed."""
    corpus = Path(os.environ.get("RICK_CORPUS", PROJECT.parent / "shared" / "corpus"))
    for version in VERSIONS:
        path = corpus / "authentik" / f"schema-{version}.json"
        if not path.exists():
            findings.note(f"33, 34, 35 were not asked of {version}: RICK_CORPUS does not say where its schema is")
            continue
        against(findings, version, schema(path))


def schema(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["$defs"]
    return found


def against(findings: Findings, version: str, models: dict[str, Any]) -> None:
    provider = models["model_authentik_providers_oauth2.oauth2provider"]["properties"]
    printed = settings("oauth2-provider.yml")
    addresses = provider["redirect_uris"]["items"]
    findings.shown(
        "33", f"{version} wants objects for redirect_uris, not texts", addresses["type"] == "object", addresses
    )
    findings.shown(
        "33",
        f"{version} has no post_logout_redirect_uris",
        printed - set(provider) == {"type", "post_logout_redirect_uris"},
        printed,
    )
    group = set(models["model_authentik_core.group"]["properties"])
    unknown = {"2025.10": {"description"}, "2026.2": {"description", "parent"}}[version]
    printed = settings("groups.yml")
    findings.shown(
        "34", f"{version} knows no {' and no '.join(sorted(unknown))} of a group", printed - group == unknown, printed
    )
    kinds = re.findall(r'policy_type: "(.+?)"', follow.text("authentik/policies.yml"))
    policies = [
        name for name in models if name.startswith("model_authentik_policies") and not name.endswith("_permissions")
    ]
    words = {
        kind: [name for name in policies if word in name]
        for kind, word in zip(kinds, ("group", "time", "ip"), strict=True)
    }
    known = {
        kind: [name for name in found if not re.search("geoip|description", name)] for kind, found in words.items()
    }
    findings.shown("35", f"{version} has none of the three policies", not any(known.values()), known)
    right = [name for name in policies if "expressionpolicy" in name or "policybinding" in name]
    findings.otherwise("35", f"{version} has bindings and expressions", len(right) == 2, policies)
    findings.otherwise("34", f"{version} knows is_superuser", "is_superuser" in printed & group, group)


def settings(name: str) -> set[str]:
    """The settings of the printed object."""
    return set(re.findall(r"^(?:  - |  |    )(\w+):", follow.text(f"authentik/{name}"), re.MULTILINE))
