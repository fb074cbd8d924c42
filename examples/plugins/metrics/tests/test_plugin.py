"""Runs under plain Python, without WebAssembly and without rick: `python -m unittest`."""

import json
import tomllib
import unittest
from pathlib import Path

from metrics import VERSION, Metrics
from metrics.rules import ALL
from metrics.schema import FACTS, TABLE, seconds
from metrics.yaml_lines import Because, scalar, write
from rick_plugin import Artifact, answer, described, table

PLUGIN = Metrics()


def defaults(schema: dict) -> dict:
    return {key: said["default"] for key, said in schema["properties"].items() if "default" in said}


def reads(slot: str, values: dict[str, dict]) -> dict:
    entry = {"service": "wiki", "machine": "web1", "part": None, "stated": False}
    return {slot: [entry | {"key": key, "value": value} for key, value in values.items()]}


def endpoint(port: int, address: str = "127.0.0.1", protocol: str = "http") -> dict:
    return {"address": address, "port": port, "protocol": protocol}


def call(
    said: dict | None = None,
    facts: dict | None = None,
    endpoints: dict | None = None,
    sites: dict | None = None,
    prometheus: str = "2.53.3",
) -> dict:
    """The input of a call about the service `wiki`, whose port 8080 is 18000 on the machine."""
    slots = reads("rick:endpoint@1", {"8080": endpoint(18000)} if endpoints is None else endpoints)
    return {
        "scope": "service",
        "service": {"name": "wiki", "machine": "web1", "image": "ghcr.io/acme/wiki:1.0.0", "port": 8080},
        "machine": {"name": "web1", "versions": {"prometheus": prometheus}},
        "table": defaults(TABLE) | (said or {}),
        "settings": {},
        "facts": defaults(FACTS) | (facts or {}),
        "claimed": {},
        "reads": slots | reads("rick:site@1", sites or {}),
    }


def rendered(*arguments, **named) -> dict[str, str]:
    """The files, by what comes after the plugin's folder."""
    out = answer(PLUGIN, "render:service", call(*arguments, **named))
    return {file.path.removeprefix("/etc/prometheus/rick/"): file.preview() for file in out.artifacts}


def codes(*arguments, **named) -> list[str]:
    return [found.code for found in answer(PLUGIN, "check:service", call(*arguments, **named)).diagnostics]


TOKEN = {"token": {"secret": "wiki_metrics_token"}}
SITE = {"wiki.example.org": {"url": "https://wiki.example.org"}}
BLACKBOX = {"blackbox": "127.0.0.1:9115"}


class TargetTest(unittest.TestCase):
    def test_a_service_is_a_target(self):
        files = rendered()
        self.assertEqual(sorted(files), ["rules/wiki.yml", "targets/wiki.json"])
        [group] = json.loads(files["targets/wiki.json"])
        self.assertEqual(group["targets"], ["127.0.0.1:18000"])
        self.assertEqual(
            {name: group["labels"][name] for name in ("job", "instance")}, {"job": "wiki", "instance": "web1"}
        )
        self.assertEqual(group["labels"]["__scrape_timeout__"], "10s")

    def test_an_interval_below_the_timeout_shortens_it(self):
        [group] = json.loads(rendered({"interval": "5s"})["targets/wiki.json"])
        self.assertEqual(group["labels"]["__scrape_timeout__"], "5s")

    def test_another_port_is_asked_where_it_is_said(self):
        endpoints = {
            "8080": endpoint(18000),
            "9000/udp": endpoint(9000, protocol="udp"),
            "9000/tcp": endpoint(9000, "::", "tcp"),
        }
        [group] = json.loads(rendered({"port": 9000}, endpoints=endpoints)["targets/wiki.json"])
        self.assertEqual(group["targets"], ["[::1]:9000"])

    def test_a_token_makes_a_job_of_its_own(self):
        files = rendered(TOKEN)
        self.assertEqual(sorted(files), ["rules/wiki.yml", "scrape/wiki.yml", "tokens/wiki"])
        self.assertEqual(files["tokens/wiki"], "«wiki_metrics_token»\n")
        self.assertIn('credentials_file: "/etc/prometheus/rick/tokens/wiki"', files["scrape/wiki.yml"])

    def test_a_token_is_a_secret_that_is_needed(self):
        [contribution] = answer(PLUGIN, "contribute", call(TOKEN)).contributions
        self.assertEqual((contribution.slot, contribution.key), ("rick:secret@1", "wiki_metrics_token"))
        self.assertEqual(answer(PLUGIN, "contribute", call()).contributions, [])

    def test_sites_are_watched_where_a_blackbox_exporter_is(self):
        self.assertEqual(len(json.loads(rendered(sites=SITE)["targets/wiki.json"])), 1)
        files = rendered(facts=BLACKBOX, sites=SITE)
        group = json.loads(files["targets/wiki.json"])[1]
        self.assertEqual(group["targets"], ["127.0.0.1:9115"])
        self.assertEqual(group["labels"]["__param_target"], "https://wiki.example.org/")
        self.assertIn("CertificateEnds", files["rules/wiki.yml"])
        self.assertEqual(
            len(json.loads(rendered({"probe": False}, facts=BLACKBOX, sites=SITE)["targets/wiki.json"])), 1
        )


class AlertsTest(unittest.TestCase):
    def test_rules_of_ones_own_are_there_without_the_others(self):
        rule = {"expr": 'queue{job="wiki"} > 9', "for": "10m", "severity": "warning", "summary": "the queue is long"}
        text = rendered({"alerts": False, "rules": {"QueueIsLong": rule}})["rules/wiki.yml"]
        self.assertNotIn("ServiceDown", text)
        self.assertIn('expr: "queue{job=\\"wiki\\"} > 9"', text)


class MachineTest(unittest.TestCase):
    def render(self, prometheus: str, said: dict):
        document = call({}, prometheus=prometheus)
        entry = {"service": document["service"], "table": document["table"] | said, "claimed": {}}
        document |= {"scope": "machine", "services": {"wiki": entry}}
        return answer(PLUGIN, "render:machine", document)

    def test_prometheus_is_reloaded_for_rules_and_jobs(self):
        [step] = self.render("2.53.3", TOKEN).contributions
        folder = "/etc/prometheus/rick"
        changed = [f"{folder}/rules/wiki.yml", f"{folder}/scrape/all_services.yml", f"{folder}/scrape/wiki.yml"]
        self.assertEqual(step.value["changed"], changed)

    def test_an_old_prometheus_gets_no_jobs(self):
        out = self.render("2.42.0", {})
        self.assertEqual(out.artifacts, [])
        self.assertEqual(len(out.contributions), 1)


class RulesTest(unittest.TestCase):
    def test_nothing_is_found_where_nothing_is_said(self):
        self.assertEqual(codes(), [])

    def test_each_rule_finds_what_it_is_for(self):
        self.assertEqual(codes(endpoints={}), ["MT001"])
        self.assertEqual(codes({"port": 9000}), ["MT001"])
        self.assertEqual(codes({"timeout": "2m"}), ["MT002"])
        self.assertEqual(codes({"labels": {"job": "a", "__x": "b", "team": "c"}}), ["MT003", "MT003"])
        self.assertEqual(codes(TOKEN, prometheus="2.42.0+ds"), ["MT004"])
        self.assertEqual(codes({"down_for": "1m"}), ["MT005"])
        self.assertEqual(codes(endpoints={"8080": endpoint(18000, "0.0.0.0")}), ["MT006"])
        self.assertEqual(codes(TOKEN, endpoints={"8080": endpoint(18000, "0.0.0.0")}), [])

    def test_codes_and_names_are_said_once(self):
        self.assertEqual(len({rule.code for rule in ALL}), len(ALL))
        self.assertEqual(len({rule.name for rule in ALL}), len(ALL))


class YamlTest(unittest.TestCase):
    def test_what_is_written_can_be_read(self):
        file = Artifact("/a.yml")
        texts = ["yes", "1", "a: b # c", "\u0085\x7f\u2028", "two\nlines", 'ä "quoted" \\']
        inner = {"texts": texts, "none": [], "deep": [[1, 2], {"a b": True}]}
        write(file, {"outer": Because(inner, [table("x")])}, [table()])
        try:
            import yaml
        except ModuleNotFoundError:
            self.skipTest("there is no PyYAML to read it with")
        self.assertEqual(yaml.safe_load(file.preview()), {"outer": inner})

    def test_each_line_has_the_reasons_of_what_is_in_it(self):
        file = Artifact("/a.yml")
        write(file, {"a": Because({"b": 1}, [table("a")]), "c": [Because(2, [table("c")])]}, [table()])
        self.assertEqual(file.preview(), "a:\n  b: 1\nc:\n  - 2\n")
        self.assertEqual(
            [segment.because[0] for segment in file.content], [table("a"), table("a"), table(), table("c")]
        )

    def test_a_scalar_is_one_line(self):
        self.assertEqual(scalar("a\n\u0085"), '"a\\n\\u0085"')


class PluginTest(unittest.TestCase):
    def test_durations(self):
        self.assertEqual([seconds(text) for text in ("15s", "1m30s", "1h")], [15, 90, 3600])

    def test_what_it_has_it_answers(self):
        self.assertEqual(described(PLUGIN).answers, ["contribute", "check:service", "render:service", "render:machine"])

    def test_the_version_is_said_once(self):
        project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
        self.assertEqual(VERSION, project["version"])
