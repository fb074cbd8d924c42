"""What the running machine is asked: whether the service shows its metrics, and whether Prometheus has them."""

from urllib.parse import quote

from rick_plugin import Call, Rendered, fact, table

from .alerts import of_target, selector
from .target import Target


def ask(call: Call, found: Target, out: Rendered) -> None:
    """The questions about a service."""
    name, url = call.service["name"], f"http://{found.authority}{call.table['path']}"
    if "token" in call.table:
        title, status = f"`{name}` shows its metrics to nobody without the token", [401, 403]
    else:
        title, status = f"`{name}` shows its metrics at `{url}`", [200]
    out.check("metrics", "http", title, because=[found.place, table("path")], url=url, status=status)
    up = of_target("up", call)
    _has(call, out, "watched", f"Prometheus has metrics of `{name}`", f"{up} == 1", found)
    rules = selector("service:up:min", {"service": name})
    _has(call, out, "rules", f"Prometheus reads the alert rules of `{name}`", rules, found)


def _has(call: Call, out: Rendered, key: str, title: str, expr: str, found: Target) -> None:
    """Prometheus answers 200 whether a query has a result or none, and 422 to one that it cannot compute. So the query joins one series
    with what is one series where `expr` has a result, and two where it has none, which is an error of many-to-one matching.
    """
    query = f'vector(1) * on() (label_replace(vector(1), "is", "there", "", "") or absent({expr}))'
    url = f"{call.facts['url']}/api/v1/query?query={quote(query, safe='')}"
    out.check(key, "http", title, because=[found.place, fact("url")], url=url, status=[200])
