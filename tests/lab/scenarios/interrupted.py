"""An apply that is killed at ten moments, and run again each time, ends where one that was left alone does."""

import random
import time

from deployment import Deployment
from lab import Lab
from machine import Machine

# The moments differ from run to run; this tells which they were.
SEED = int(time.time())

LISTING = (
    "for f in $(find /etc/rick /etc/containers/systemd /etc/systemd/system /etc/systemd/user "
    "/etc/sysusers.d /etc/tmpfiles.d /etc/caddy /etc/postgresql /etc/subuid /etc/subgid "
    "-type f -not -path '/etc/rick/secrets/*' | sort); "
    "do stat -c '%n %a %U %G' $f; sha256sum < $f; done"
)


def run(lab: Lab) -> None:
    """The scenario."""
    moments = random.Random(SEED)
    lab.note(f"the seed of the moments is {SEED}")
    with lab.section("left alone"):
        alone = lab.machine("alone")
        deployment = Deployment(lab, "guide", alone)
        deployment.build()
        deployment.make_secrets()
        key_and_secrets = alone.run("rick secrets check /root/web1 >/dev/null; tar -cC / etc/rick/secrets | base64").out
        start = time.monotonic()
        deployment.apply()
        whole = time.monotonic() - start
        expected = state(alone)
        key = alone.read("/var/lib/rick/key")
        alone.power_off()
    with lab.section("killed"):
        killed = lab.machine("killed")
        other = Deployment(lab, "guide", killed)
        other.build()
        # With the same secrets and the same key the same bytes are to be written.
        killed.run("base64 -d | tar -xC /", input=key_and_secrets)
        killed.run("mkdir -p -m 0700 /var/lib/rick")
        killed.write("/var/lib/rick/key", key, 0o600)
        times = sorted(moments.uniform(0.05, whole) for _ in range(10))
        for moment in times:
            # Each run goes on where the one before was killed, so that what is left of it grows shorter.
            killed.run(f"timeout --signal=KILL {max(0.05, moment / 3):.2f} rick apply /root/web1; true")
        other.apply()
        lab.check("it was killed at " + ", ".join(f"{max(0.05, moment / 3):.1f}" for moment in times) + " s", True)
        lab.same("every file is as on the machine that was left alone", diff(expected, state(killed)), "")
        other.verify("after ten kills")
        other.ask("after ten kills")
        other.nothing_to_do("after ten kills")
    with lab.section("killed between a file and its restart"):
        other.edit("services/myservice.toml", lambda text: text.replace('"info"', '"debug"'))
        other.build()
        before = other.units()
        # It kills itself as soon as the file is in place.
        killed.run(
            "rick apply /root/web1 & "
            "while ! grep -q LOG_LEVEL=debug /etc/rick/myservice/myservice.env; do :; done; kill -9 $!; wait; true"
        )
        restarted = other.units() != before
        other.apply()
        changed = {name for name in before if before[name] != other.units().get(name)}
        lab.same(
            f"the restart is not lost (it was{'' if restarted else ' not'} done before the kill)",
            changed,
            {"myservice/myservice.service"},
        )
    with lab.section("off"):
        killed.power_off()


def state(machine: Machine) -> str:
    return machine.run(LISTING).out


def diff(left: str, right: str) -> str:
    """The lines that one of them has alone."""
    return "\n".join(sorted(set(left.splitlines()) ^ set(right.splitlines())))
