"""The guide's services, deployed: from nothing, through everything that happens to a deployment, to nothing."""

from deployment import Deployment
from lab import Lab


def run(lab: Lab) -> None:
    """The scenario."""
    with lab.section("boot"):
        machine = lab.machine("guide")
    deployment = Deployment(lab, "guide", machine)
    deployment.build()
    with lab.section("from nothing"):
        deployment.refused_without_secrets()
        deployment.from_nothing()
    with lab.section("reboot"):
        lab.same("it boots again", machine.reboot(), "running")
        deployment.verify("after the reboot", wait=90)
        deployment.ask("after the reboot")
        deployment.nothing_to_do("after the reboot")
    with lab.section("changes"):
        deployment.edit("services/myservice.toml", lambda text: text.replace('"info"', '"debug"'))
        deployment.build()
        deployment.restarts("one variable of myservice changed", {"myservice/myservice.service"})
        deployment.edit("services/feeds.toml", lambda text: text.replace("feeds_users", "feeds_readers"))
        deployment.build()
        deployment.restarts("one group of feeds changed, which is authentik's affair", set())
        deployment.rotated("myservice_valkey_password", {"myservice/myservice.service"})
        deployment.rotated("web1_valkey_rick_password", set())
    with lab.section("databases"):
        deployment.servers_restart()
    with lab.section("secrets"):
        deployment.no_secret_is_told()
    with lab.section("removal"):
        deployment.removed("feeds")
        deployment.removed("myservice")
        options = machine.run("systemctl show --property=ExecStart --value valkey-server").out
        lab.check("Valkey runs as its package has it: nobody uses it any more", "aclfile" not in options, options)
    with lab.section("off"):
        machine.power_off()
