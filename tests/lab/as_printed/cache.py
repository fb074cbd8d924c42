"""Step 3, Valkey/Redis Connection: the URLs, in the clients that there are, and what one password for all is worth."""

import re
import urllib.parse

from as_printed import follow
from as_printed.findings import Findings
from as_printed.follow import PASSWORD, SOCKET, USER, Reader
from machine import PROJECT, Result

# Where `tests/oracles/install` puts the clients of Valkey.
ORACLES = PROJECT / "target" / "oracles"
CLIENTS = PROJECT / "tests" / "oracles" / "clients"

# A second service, made by the same steps, with the next database.
OTHER = "otherservice"


def judge(findings: Findings, reader: Reader) -> None:
    """Follows step 3, and follows it once more for another service."""
    urls = dict(re.findall(r"^(\w+_URL)=(.+)$", follow.text("valkey.env"), re.MULTILINE))
    shared(findings, reader)
    if not (ORACLES / "python" / "redis").is_dir():
        findings.note("27, 28, 30 were not asked: redis-py is not there, which tests/oracles/install fetches")
        return
    reader.machine.copy_in(ORACLES / "python" / "redis", "/opt/lab/python/redis")
    reader.machine.copy_in(CLIENTS / "redis_py.py", "/opt/lab/redis_py.py")
    said = redis_py(reader, urls["CACHE_URL"])
    findings.shown("27", "redis-py takes the recommended URL, as the guide says", said.code == 0, said)
    go_redis(findings, reader, urls["CACHE_URL"])
    said = redis_py(reader, urls["REDIS_URL"])
    findings.shown(
        "28",
        "redis-py dies of the alternative URL",
        "TypeError" in said.err and "unix_socket_path" in said.err,
        said,
    )
    encoding(findings, reader)


def go_redis(findings: Findings, reader: Reader, url: str) -> None:
    """A client to which the same URL means nothing."""
    program = ORACLES / "go" / "go_redis"
    if not program.exists():
        findings.note(
            "27 was not asked of go-redis: it is not there, and tests/oracles/install may not be able to make it"
        )
        return
    reader.machine.write("/opt/lab/go_redis", program.read_bytes(), 0o755)
    said = reader.become(f"/opt/lab/go_redis '{url}' {USER}:")
    findings.shown("27", "go-redis refuses it", said.code != 0 and "unexpected option" in said.err, said)
    said = reader.become(f"/opt/lab/go_redis 'unix://default:{PASSWORD}@{SOCKET}?db=2' {USER}:")
    findings.otherwise("27", "with the password before the path it takes it", said.code == 0, said)


def redis_py(reader: Reader, url: str) -> Result:
    return reader.become(f"env PYTHONPATH=/opt/lab/python python3 -B /opt/lab/redis_py.py '{url}' {USER}:")


def encoding(findings: Findings, reader: Reader) -> None:
    """A password as a generator makes them, in the printed template."""
    password = "half&the#password"
    cli(reader, "root", PASSWORD, "config", "set", "requirepass", password)
    filled = follow.fill(follow.text("myservice.env.j2"), valkey_password=password)
    (url,) = re.findall(r"^CACHE_URL=(.+)$", filled, re.MULTILINE)
    said = redis_py(reader, url)
    findings.shown(
        "30", "a password with & and # is cut short in the printed URL", "invalid username-password" in said.err, said
    )
    said = redis_py(reader, f"unix://:{urllib.parse.quote(password, safe='')}@{SOCKET}?db=2")
    findings.otherwise("30", "percent-encoded it arrives", said.code == 0, said)
    cli(reader, "root", password, "config", "set", "requirepass", PASSWORD)


def shared(findings: Findings, reader: Reader) -> None:
    """Another service with its own database, by the same guide."""
    reader.root(f"useradd -d /opt/{OTHER} -s /bin/false -m -r {OTHER}")
    reader.root(f"usermod -a -G postgres,valkey {OTHER}")
    cli(reader, USER, PASSWORD, "-n", "2", "set", "session:alice", "secret")
    got = cli(reader, OTHER, PASSWORD, "-n", "2", "get", "session:alice")
    findings.shown("29", "one service reads the other's keys", got.out.strip() == "secret", got)
    gone = cli(reader, OTHER, PASSWORD, "flushall")
    left = cli(reader, USER, PASSWORD, "-n", "2", "dbsize")
    findings.shown(
        "29", "and empties all databases", (gone.out.strip(), left.out.strip()) == ("OK", "0"), f"{gone} {left}"
    )
    cli(reader, USER, PASSWORD, "-n", "2", "set", "session:alice", "secret")
    rules = f"resetchannels ~{OTHER}:* +@all -@admin -@dangerous"
    cli(reader, "root", PASSWORD, "acl", "setuser", OTHER, "on", ">its_own", *rules.split())
    got = cli(reader, OTHER, "its_own", "--user", OTHER, "-n", "2", "get", "session:alice")
    gone = cli(reader, OTHER, "its_own", "--user", OTHER, "flushall")
    refused = "NOPERM" in got.out and "NOPERM" in gone.out
    findings.otherwise("29", "a user of its own is refused both", refused, f"{got} {gone}")


def cli(reader: Reader, user: str, password: str, *words: str) -> Result:
    """Asks Valkey as one of the machine's users."""
    quoted = " ".join(f"'{word}'" for word in words)
    return reader.become(f"valkey-cli -s {SOCKET} -a '{password}' --no-auth-warning {quoted}", user)
