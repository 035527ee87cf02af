# METADATA
# title: Build on approved and current base images
# description: |
#   Most vulnerabilities come with the base. Its name is told by the layers that an image begins with,
#   compared with known_bases, or else by the image's own annotations; one that nothing names is
#   unknown. A base that is not approved, is old, or has a newer build under its name fails, and so does
#   a distribution that gets no more security updates. A base named without a digest is low.
# custom:
#   id: REG-PRV-004
#   severity: medium
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.2", "4.1.5"]
#     nist-800-53r5: ["CM-2", "SA-22", "SR-11"]
#     cis-docker: ["4.2"]
#     pci-dss-4: ["6.3.3"]
#     iso-27001-2022: ["A.8.19"]
#     cis-controls: ["16.5"]
#     essential-8: ["E8-2.8"]
#   low_confidence: ["essential-8:E8-2.8"]
#   params:
#     approved_bases:
#       type: array
#       items: {type: string}
#       description: Globs of the bases that may be built on, as NAME or NAME@DIGEST; none for any.
#       default: []
#     max_base_age_days:
#       type: integer
#       minimum: 1
#       description: How old a build of a base may be.
#       default: 90
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Rebuild on the current build of an approved base, named by digest: FROM NAME@sha256:….
package auditor.rules.provenance.base_image

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-PRV-004"]

verdicts contains _whole

verdicts contains _judge(i, image) if {
	not _whole
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

# One verdict on the repository where nobody asked what is in its images, in place of one for each.
_whole := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": "Cannot tell: nobody asked what the images were built on (known_bases, scan_secrets).",
	"evidence": facts.unread_evidence(sprintf("/images/value/%d/base", [_unasked[0]]), _bases[_unasked[0]]),
	"settle": [_bases[_unasked[0]].source],
	"not_asked": true,
} if {
	count(_unasked) > 0
	count(_unasked) == count(_bases)
}

_bases[i] := object.get(image, "base", facts.not_collected("known_bases")) if {
	some i, image in input.images.value
	image.kind == "image"
	image.status != "archived"
}

_systems[i] := object.get(image, "distribution", facts.not_collected("oci:GetBlob")) if {
	some i, image in input.images.value
	image.kind == "image"
	image.status != "archived"
}

_unasked := [i |
	some i, base in _bases
	_never_asked(base)
	_never_asked(_systems[i])
]

_never_asked(fact) if {
	fact.state == "unknown"
	fact.reason == "not_requested"
}

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.kind == "index"
} else := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image(image, "fail", _message(_problems[i]), _evidence(i)) if {
	i in _failing
} else := object.union(verdict.image(image, "fail", "The base is named without a digest, so that any build of that name may be meant.", _evidence(i)), {"severity": "low"}) if {
	i in _loose
} else := verdict.image_unsettled(image, _message(_doubts[i]), _evidence(i), _settle(i)) if {
	i in _doubtful
} else := verdict.image_pass(image)

_failing contains i if {
	some i, problems in _problems
	count(problems) > 0
}

_doubtful contains i if {
	some i, doubts in _doubts
	count(doubts) > 0
}

_loose contains i if {
	some i, base in _bases
	base.state == "known"
	base.value.digest == ""
}

_problems[i] := ((_ended(i) | _unapproved(base)) | _old(base)) | _superseded(base) if some i, base in _bases

_message(sentences) := concat(" ", sort(sentences))

_ended(i) := {words |
	system := _systems[i]
	system.state == "known"
	system.value.support_ends.state == "known"
	day := system.value.support_ends.value
	day < substring(input.now, 0, 10)
	words := sprintf("%s gets no security updates since %s.", [_called(system.value), day])
}

_called(system) := system.name if system.name != ""

_called(system) := trim_space(sprintf("%s %s", [system.id, system.version])) if system.name == ""

_unapproved(base) := {words |
	base.state == "known"
	count(_params.approved_bases) > 0
	not regex.match(_approved, base.value.name)
	not regex.match(_approved, sprintf("%s@%s", [base.value.name, base.value.digest]))
	words := sprintf("It is built on %s, which is not approved.", [_named(base.value)])
}

_approved := globs.union(_params.approved_bases)

_named(base) := substring(base.name, 0, 200)

_old(base) := {words |
	base.state == "known"
	base.value.created_at.state == "known"
	regex.match(_time, base.value.created_at.value)
	days := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(_full(base.value.created_at.value))) / 86400000000000)
	days > _params.max_base_age_days
	words := sprintf("The build of %s that it is built on is %s old, %d are allowed.", [_named(base.value), text.counted(days, "day", "days"), _params.max_base_age_days])
}

# What surely parses in both engines.
_time := `^20\d\d-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z)?$`

_full(value) := value if count(value) > 10

_full(value) := concat("", [value, "T00:00:00Z"]) if count(value) == 10

_superseded(base) := {words |
	base.state == "known"
	current := base.value.current_digest
	current != ""
	base.value.digest != ""
	base.value.digest != current
	words := sprintf("There is a newer build of %s: %s.", [_named(base.value), substring(current, 0, 19)])
}

_doubts[i] := (_no_base(base) | _no_age(base)) | _no_support(_systems[i]) if some i, base in _bases

_no_base(base) := {"Cannot tell: the base of the image could not be identified."} if base.state != "known"

_no_base(base) := set() if base.state == "known"

_no_age(base) := {words |
	base.state == "known"
	not _dated(base.value.created_at)
	words := sprintf("Cannot tell: when %s was built is not known.", [_named(base.value)])
}

_dated(created) if {
	created.state == "known"
	regex.match(_time, created.value)
}

# An image without an os-release, as one from scratch is, has no distribution that could end.
_no_support(system) := {"Cannot tell: the distribution in the image was not read."} if system.state == "unknown"

_no_support(system) := set() if system.state == "absent"

_no_support(system) := {words |
	system.value.support_ends.state == "unknown"
	words := sprintf("Cannot tell: until when %s is supported is not known.", [_called(system.value)])
} if {
	system.state == "known"
}

_evidence(i) := array.concat(
	facts.unread_evidence(sprintf("/images/value/%d/base", [i]), _bases[i]),
	facts.unread_evidence(sprintf("/images/value/%d/distribution", [i]), _systems[i]),
)

_settle(i) := sort((({source |
	some fact in [_bases[i], _systems[i]]
	fact.state != "known"
	source := fact.source
} | {source |
	some fact in [_bases[i], _systems[i]]
	fact.state == "known"
	some key in ["created_at", "support_ends"]
	inner := object.get(fact.value, key, {"state": "absent"})
	inner.state == "unknown"
	source := inner.source
}) | {"known_bases"}))
