# METADATA
# title: Build images that run as a non-root user
# description: |
#   A container runs as the user that its image names unless somebody says otherwise, and as root where
#   it names none. A number is better than a name: Kubernetes' runAsNonRoot cannot check a name, so that
#   one is reported as info. So are files that the build took from the network by ADD. Whether the
#   image holds setuid programs is not looked at.
# custom:
#   id: REG-WRK-006
#   severity: medium
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.2"]
#     nist-800-53r5: ["AC-6", "CM-7"]
#     cis-docker: ["4.1"]
#     iso-27001-2022: ["A.8.9"]
#     soc2: ["CC6.1"]
#   params: {}
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       End the Dockerfile with USER 10001 (any number above 0), and give that user the files it needs.
package auditor.rules.workloads.non_root_user

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

verdicts contains _whole

verdicts contains _judge(i, image) if {
	not _whole
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

# One verdict on the repository where nobody asked for configs, in place of one for each image.
_whole := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: the users of images were not read (%s).", [object.get(_configs[_unasked[0]], "detail", "not_requested")]),
	"evidence": [facts.evidence(sprintf("/images/value/%d/config", [_unasked[0]]), _configs[_unasked[0]])],
	"settle": [_configs[_unasked[0]].source],
} if {
	count(_unasked) > 0
	count(_unasked) == count(_configs)
}

_configs[i] := image.config if {
	some i, image in input.images.value
	image.kind == "image"
	image.status != "archived"
}

_unasked := [i |
	some i, config in _configs
	config.state == "unknown"
	config.reason == "not_requested"
]

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.kind == "index"
} else := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_unknown(image, "the config of the image", _path(i), image.config) if {
	not facts.known(image.config)
} else := verdict.image(image, "fail", message, [_user(i)]) if {
	i in _administrators
	message := sprintf("The image runs as the administrator of its Windows container%s.", [usage.phrase(image.digest)])
} else := object.union(verdict.image(image, "fail", message, [_user(i)]), {"severity": "info"}) if {
	i in _roots
	usage.overridden(image.digest)
	message := "The image runs as root by itself; everything that runs it names another user."
} else := verdict.image(image, "fail", message, [_user(i)]) if {
	i in _roots
	message := sprintf("The image runs as root%s%s.", [_why(image.config.value.user), usage.phrase(image.digest)])
} else := object.union(verdict.image(image, "fail", message, [_user(i)]), {"severity": "info"}) if {
	i in _named
	message := sprintf("The image names its user (%s), and no number: runAsNonRoot cannot check it.", [substring(image.config.value.user, 0, 100)])
} else := object.union(verdict.image(image, "fail", message, [evidence]), {"severity": "info"}) if {
	i in _downloading
	evidence := facts.evidence(sprintf("%s/value/added_urls", [_path(i)]), image.config.value.added_urls)
	message := sprintf("The build took files from the network by ADD, which checks nothing: %s.", [text.names(image.config.value.added_urls)])
} else := verdict.image_pass(image)

_path(i) := sprintf("/images/value/%d/config", [i])

_user(i) := facts.evidence(sprintf("%s/value/user", [_path(i)]), _configs[i].value.user)

# Image -> the user that it names, without the group.
_users[i] := split(config.value.user, ":")[0] if {
	some i, config in _configs
	config.state == "known"
}

_windows contains i if {
	some i, config in _configs
	config.state == "known"
	lower(object.get(config.value, "os", "")) == "windows"
}

# ContainerAdministrator is the default; an image of another user says so itself. It means nothing elsewhere.
_administrators contains i if {
	some i, user in _users
	name := lower(user)
	endswith(name, "containeradministrator")
}

_administrators contains i if {
	some i, user in _users
	i in _windows
	lower(user) in {"", "administrator", "system", `nt authority\system`}
}

# Whatever strconv reads as 0 is user 0 to a container runtime.
_roots contains i if {
	some i, user in _users
	not i in _windows
	regex.match(`^(root|[+-]?0+)?$`, user)
}

_named contains i if {
	some i, user in _users
	not i in _windows
	not regex.match(`^\+?[0-9]+$`, user)
}

_downloading contains i if {
	some i, config in _configs
	config.state == "known"
	count(object.get(config.value, "added_urls", [])) > 0
}

_why(user) := ": it names no user" if user == ""

_why(user) := sprintf(" (USER %s)", [substring(user, 0, 100)]) if user != ""
