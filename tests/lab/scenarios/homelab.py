"""The homelab: real services' manifests, with stand-ins for their images."""

from deployment import Deployment
from lab import Lab


def run(lab: Lab) -> None:
    """The scenario."""
    with lab.section("boot"):
        machine = lab.machine("homelab")
    deployment = Deployment(lab, "homelab", machine)
    deployment.build()
    with lab.section("from nothing"):
        deployment.from_nothing()
    with lab.section("reboot"):
        lab.same("it boots again", machine.reboot(), "running")
        deployment.verify("after the reboot", wait=90)
        deployment.nothing_to_do("after the reboot")
    with lab.section("databases"):
        deployment.servers_restart()
    with lab.section("changes"):
        deployment.rotated(
            "nextcloud_valkey_password", {"nextcloud/nextcloud.service", "nextcloud/rick-nextcloud.cron.timer"}
        )
        deployment.removed("nextcloud")
    with lab.section("off"):
        machine.power_off()
