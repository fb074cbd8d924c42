"""Runs under plain Python, without WebAssembly and without rick: `python -m unittest`."""

import tomllib
import unittest
from pathlib import Path

from plugin import VERSION, Sample
from rick_plugin import answer, table

PLUGIN = Sample()


def call(table: dict, endpoints: list[dict]) -> dict:
    """The input of a call about the service `wiki`."""
    entry = {"service": "wiki", "machine": "web1", "part": None, "stated": False}
    return {
        "scope": "service",
        "service": {"name": "wiki", "machine": "web1", "image": "ghcr.io/acme/wiki:1.0.0"},
        "machine": {"name": "web1", "versions": {}},
        "table": {"contact": "ops@acme.dev", "motd": True} | table,
        "settings": {},
        "facts": {},
        "claimed": {},
        "reads": {"rick:endpoint@1": [entry | {"key": str(value["port"]), "value": value} for value in endpoints]},
    }


HTTP = {"address": "127.0.0.1", "port": 8080, "protocol": "http"}


class SampleTest(unittest.TestCase):
    def test_the_service_knows_its_contact(self):
        contribution = answer(PLUGIN, "contribute", call({}, [])).contributions[0]
        self.assertEqual((contribution.key, contribution.value), ("ADMIN_EMAIL", ["ops@acme.dev"]))
        self.assertEqual(contribution.because, [table("contact")])

    def test_each_endpoint_has_a_line(self):
        file = answer(PLUGIN, "render:service", call({}, [HTTP, HTTP | {"port": 53, "protocol": "udp"}])).artifacts[0]
        self.assertEqual(file.path, "/etc/motd.d/rick-wiki")
        self.assertEqual(file.preview(), "wiki: http://127.0.0.1:8080, ask ops@acme.dev\n")

    def test_without_an_endpoint_there_is_a_line_all_the_same(self):
        file = answer(PLUGIN, "render:service", call({}, [])).artifacts[0]
        self.assertEqual(file.preview(), "wiki: ask ops@acme.dev\n")

    def test_motd_can_be_left_out(self):
        self.assertEqual(answer(PLUGIN, "render:service", call({"motd": False}, [HTTP])).artifacts, [])

    def test_an_example_is_no_contact(self):
        found = answer(PLUGIN, "check:service", call({"contact": "admin@Example.org"}, [])).diagnostics
        self.assertEqual([diagnostic.code for diagnostic in found], ["__NAME__001"])
        self.assertEqual(answer(PLUGIN, "check:service", call({}, [])).diagnostics, [])

    def test_the_version_is_said_once(self):
        project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
        self.assertEqual(VERSION, project["version"])
