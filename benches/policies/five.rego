package rick

deny contains msg if {
	some service in input.services
	service.domain
	not service.gate
	not service.authentik
	msg := sprintf("%s lets in whoever comes", [service.name])
}

databases := [sprintf("%s %s %s", [database.machine, database.engine, database.database]) |
	some service in input.services
	some database in service.databases
]

deny contains "two services share a database" if {
	count(databases) != count({database | some database in databases})
}

deny contains msg if {
	some service in input.services
	some image in service.images
	endswith(image.service, "7")
	not image.digest
	msg := sprintf("%s is not pinned", [image.reference])
}

deny contains msg if {
	some service in input.services
	some mount in service.mounts
	mount.source in {"/", "/etc", "/usr", "/var"}
	msg := sprintf("%s sees %s", [service.name, mount.source])
}

deny contains msg if {
	some service in input.services
	some port in service.ports
	port.number < 8000
	msg := sprintf("%d is below 8000", [port.number])
}
