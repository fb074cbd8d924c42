"""Does the lab tell right from wrong? The guide as printed is deployed too, and fails where it is known to be mistaken.

The numbers are those of the list of its 38 mistakes. Where a mistake would keep a reader from the next step, it is
recorded, mended as little as possible, and the mending is written down, so that the later ones show too. What is said
to be mended beside a number is the same question with that one line right: each could have come out the other way.
"""

from as_printed import account, authentik, cache, container, servers, site
from as_printed.findings import Findings
from as_printed.follow import Reader
from lab import Lab

# What no machine without authentik, or without SELinux, can show.
NOT_HERE = {
    "11": "`:Z` on the sockets' folders: a kernel without SELinux passes it over",
    "31": "a proxy provider without a mode, with an internal_host: which mode that is, only authentik decides",
    "32": "no invalidation_flow: the schema of blueprints requires no setting at all, only authentik does",
    "37": "discovery, scopes and introspection: only authentik has these addresses",
    "5, 36, 38": "the outpost's answers are a stand-in's, made after authentik's source",
}


def run(lab: Lab) -> None:
    """The scenario."""
    findings = Findings(lab)
    with lab.section("boot"):
        reader = Reader(lab.machine("as-printed"))
    with lab.section("step 1: the user"):
        account.judge(findings, reader)
    with lab.section("step 3: Valkey"):
        servers.judge_valkey(findings, reader)
    with lab.section("step 4: the database"):
        servers.judge_database(findings, reader)
        account.judge_groups(findings, reader)
    with lab.section("steps 2 and 5: the container"):
        container.judge(findings, reader)
    with lab.section("the container as printed, and mended"):
        container.judge_running(findings, reader)
    with lab.section("step 3: the URLs"):
        cache.judge(findings, reader)
    with lab.section("pattern 1: the site"):
        site.judge(findings, reader)
    with lab.section("authentik: the schemas"):
        authentik.judge(findings)
    for number, reason in NOT_HERE.items():
        findings.note(f"cannot be judged here: {number}: {reason}")
    findings.note(f"{len(findings.mendings)} mendings were needed to come to the end of the guide")
