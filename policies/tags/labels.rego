# METADATA
# title: Label images with source, revision, version and creation time
# description: |
#   Labels of the image's config, or annotations of its manifest, tell from which source an image was
#   built. Reading them takes the right to pull, and is off by default (read_configs). An index is
#   judged by its children.
# custom:
#   id: REG-TAG-003
#   severity: info
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-8"]
#     iso-27001-2022: ["A.5.9"]
#     fedramp: ["KSI-PIY-GIV"]
#   low_confidence: []
#   params:
#     required_labels:
#       type: array
#       items: {type: string}
#       description: Labels or annotations that must be there with a value.
#       default: [org.opencontainers.image.source, org.opencontainers.image.revision, org.opencontainers.image.version, org.opencontainers.image.created]
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Set them where the image is built: docker buildx build --label or --annotation, or the metadata
#       step of the pipeline.
package auditor.rules.tags.labels

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-TAG-003"]

_revision := "org.opencontainers.image.revision"

_created := "org.opencontainers.image.created"

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
	"message": sprintf("Cannot tell: the labels of images were not read (%s).", [object.get(input.images.value[_unasked[0]].config, "detail", "not_requested")]),
	"evidence": [facts.evidence(sprintf("/images/value/%d/config", [_unasked[0]]), input.images.value[_unasked[0]].config)],
	"settle": [input.images.value[_unasked[0]].config.source],
} if {
	count(_unasked) > 0
	count(_unasked) == count(_candidates)
}

_candidates := [i |
	some i, image in input.images.value
	image.kind == "image"
	image.status != "archived"
]

_unasked := [i |
	some i in _candidates
	config := input.images.value[i].config
	config.state == "unknown"
	config.reason == "not_requested"
]

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.kind == "index"
} else := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_unknown(image, "the config of the image", _path(i), image.config) if {
	facts.unknown(image.config)
} else := verdict.image(image, "fail", "The image has no config that could hold labels.", [facts.evidence(_path(i), image.config)]) if {
	facts.absent(image.config)
} else := verdict.image(image, "fail", message, [facts.evidence(_path(i), image.config)]) if {
	count(_problems(image)) > 0
	message := sprintf("Labels are missing or wrong: %s.", [text.names(_problems(image))])
} else := verdict.image_pass(image)

_path(i) := sprintf("/images/value/%d/config", [i])

_label(image, name) := object.get(image.config, ["value", "labels", name], "")

_problems(image) := (_missing(image) | _wrong_revision(image)) | _wrong_time(image)

_missing(image) := {words |
	some name in _params.required_labels
	trim_space(_label(image, name)) == ""
	words := sprintf("%s is not set", [name])
}

_wrong_revision(image) := {words |
	_revision in _params.required_labels
	value := _label(image, _revision)
	trim_space(value) != ""
	not regex.match(`^[0-9a-fA-F]{7,}$`, value)
	words := sprintf("%s is no revision of at least 7 hexadecimal digits: %s", [_revision, substring(value, 0, 80)])
}

_wrong_time(image) := {words |
	_created in _params.required_labels
	value := _label(image, _created)
	trim_space(value) != ""
	words := _wrong(value)
	words != ""
}

# A date alone, or RFC 3339. What does not surely parse is not parsed: engines differ in what they do then.
_time := `^\d{4}-((0[1-9]|1[0-2])-(0[1-9]|[12]\d)|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)([Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))?$`

_wrong(value) := sprintf("%s is no time: %s", [_created, substring(value, 0, 80)]) if {
	not regex.match(_time, value)
} else := "" if {
	startswith(value, "1970-01-01")
} else := sprintf("%s is before containers were: %s", [_created, value]) if {
	value < "2013"
} else := sprintf("%s lies in the future: %s", [_created, value]) if {
	value > "2200"
} else := sprintf("%s is no time: %s", [_created, value]) if {
	substring(value, 5, 5) == "02-29"
	not _leap(to_number(substring(value, 0, 4)))
} else := sprintf("%s lies in the future: %s", [_created, value]) if {
	time.parse_rfc3339_ns(_full(value)) > time.parse_rfc3339_ns(input.now)
} else := ""

# Between 2013 and 2200 only 2100 is a century without its day.
_leap(year) if {
	year % 4 == 0
	year != 2100
}

_full(value) := upper(value) if count(value) > 10

_full(value) := concat("", [value, "T00:00:00Z"]) if count(value) == 10
