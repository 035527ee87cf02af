# METADATA
# title: Accept provenance only from trusted builders, signed
# description: |
#   Unsigned provenance is a text that anyone can write. The provenance has to verify with the keys that you
#   trust (trust in auditor.yaml), and its builder and source have to be among those listed here. While a list is
#   empty nothing passes. That there is provenance at all is REG-PRV-002's concern.
# custom:
#   id: REG-PRV-003
#   severity: high
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     slsa: ["Build-L2", "Build-L3"]
#     nist-800-53r5: ["SR-4", "SR-4(3)", "SR-11"]
#     iso-27001-2022: ["A.5.21"]
#     soc2: ["CC8.1"]
#   params:
#     min_level:
#       type: integer
#       minimum: 1
#       maximum: 3
#       description: "SLSA Build level: 2 asks for a signature that verifies, 3 for a builder of l3_builders too; 1 takes unsigned provenance."
#       default: 2
#     trusted_builders:
#       type: array
#       items: {type: string}
#       description: Globs of builder ids.
#       default: []
#     trusted_sources:
#       type: array
#       items: {type: string}
#       description: Globs of source repositories, as the builder names them (without git+ in front).
#       default: []
#     l3_builders:
#       type: array
#       items: {type: string}
#       description: Globs of the builder ids that are SLSA Build level 3.
#       default: []
#     scope:
#       type: string
#       enum: [release, tagged, in_use, all]
#       description: "release: images with a tag that matches release_patterns; tagged: every tagged image, and the platforms of a tagged index; in_use: those that run or are kept ready (tagged ones too while that is not known completely); all: untagged ones too."
#       default: release
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Build on a hosted builder that signs its provenance, and list it in trusted_builders and its source
#       in trusted_sources; find out who attached provenance of another builder.
package auditor.rules.provenance.trusted_builder

import data.auditor.lib.attestations
import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.indexes
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-PRV-003"]

_scope := attestations.scope(_params)

_builders := globs.union(_params.trusted_builders)

_sources := globs.union(_params.trusted_sources)

_level3 := globs.union(_params.l3_builders)

_unlisted := "Cannot tell: no builder is trusted (trusted_builders)." if {
	count(_params.trusted_builders) == 0
} else := "Cannot tell: no source is trusted (trusted_sources)." if {
	count(_params.trusted_sources) == 0
} else := ""

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains _verdict(i, image) if {
	facts.known(input.images)
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

_verdict(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := verdict.image_pass(image) if {
	image.digest in _covered
} else := verdict.image_unknown(image, "the list of platforms", sprintf("/images/value/%d/children", [i]), image.children) if {
	image.kind == "index"
	not facts.known(image.children)
} else := _folded(image, indexes.worst(i, image, _judged, "whose provenance is not to be trusted")) if {
	image.kind == "index"
	count(attestations.platforms(image)) > 0
	count(_candidates(image)) == 0
	facts.known(attestations.of(image))
} else := _image(i, image)

# An index none of whose platforms has provenance has none that could be judged.
_folded(image, judged) := verdict.image_not_applicable(image) if {
	statuses := {object.get(_judged, [child.digest, "status"], "unknown") | some child in attestations.platforms(image)}
	statuses == {"not_applicable"}
} else := judged

# Provenance of an index is about all that it names.
_covered contains image.digest if {
	some image in input.images.value
	count(_good(image)) > 0
}

_covered contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	count(_good(image)) > 0
	some child in image.children.value
}

_judged[image.digest] := _image(i, image) if {
	some i, image in input.images.value
	image.kind == "image"
}

_image(i, image) := verdict.image_pass(image) if {
	image.digest in _covered
} else := attestations.unread(i, image) if {
	not facts.known(attestations.of(image))
} else := verdict.image_not_applicable(image) if {
	count(_candidates(image)) == 0
} else := object.union(unsettled, {"not_asked": true}) if {
	_unlisted != ""
	unsettled := verdict.image_unsettled(image, _unlisted, [], ["the rule's trusted_builders and trusted_sources"])
} else := _unsettled(i, image, open[0]) if {
	open := _open(image)
	count(open) > 0
} else := verdict.image(image, "fail", message, attestations.evidence(i, image, _candidates(image))) if {
	first := attestations.list(image)[_candidates(image)[0]]
	message := sprintf("No provenance of the image is to be trusted: %s%s.", [_why(first), usage.phrase(image.digest)])
}

_good(image) := [k |
	_unlisted == ""
	some k, one in attestations.list(image)
	one.kind == "provenance"
	_problem(one) == ""
]

# What is wrong with a provenance, as far as it is known; empty: nothing.
_problem(one) := "it was not read" if {
	not facts.known(one.content)
} else := attestations.why(one) if {
	not attestations.sound(one)
} else := "nobody signed it" if {
	_params.min_level > 1
	facts.absent(one.verification)
} else := sprintf("its signature is %s%s", [one.verification.value, _because(one)]) if {
	_params.min_level > 1
	facts.known(one.verification)
	one.verification.value != "verified"
} else := sprintf("the builder %s is not trusted", [_quoted(_builder(one))]) if {
	not regex.match(_builders, _builder(one))
} else := sprintf("the source %s is not trusted", [_quoted(_source(one))]) if {
	not regex.match(_sources, _source(one))
} else := sprintf("the builder %s is not of level 3", [_quoted(_builder(one))]) if {
	_params.min_level > 2
	not regex.match(_level3, _builder(one))
} else := "its signature was not checked" if {
	_params.min_level > 1
	facts.unknown(one.verification)
} else := ""

_because(one) := sprintf(" (%s)", [one.detail]) if one.detail != ""

_because(one) := "" if one.detail == ""

_builder(one) := object.get(one, ["provenance", "value", "builder"], "")

_source(one) := trim_prefix(object.get(one, ["provenance", "value", "source"], ""), "git+")

_quoted(text) := "(not named)" if text == ""

_quoted(text) := text if text != ""

_candidates(image) := [k | some k, one in attestations.list(image); _may_be(one)]

_may_be(one) if one.kind == "provenance"

_may_be(one) if attestations.unlabelled(one)

_open(image) := [[k, part] |
	some k, one in attestations.list(image)
	_may_be(one)
	part := _missing(one)
	part != ""
]

# Which fact is missing to judge it, where nothing is wrong with it otherwise; empty: none.
_missing(one) := "content" if {
	one.content.state != "known"
} else := "verification" if {
	_problem(one) == "its signature was not checked"
} else := ""

_unsettled(i, image, open) := verdict.image_unsettled(image, message, [facts.evidence(path, fact)], [fact.source]) if {
	[k, part] := open
	fact := attestations.list(image)[k][part]
	path := sprintf("%s/%s", [attestations.item(i, k), part])
	message := sprintf("Cannot tell whether the provenance is to be trusted: %s.", [_reason(fact)])
}

_reason(fact) := fact.detail if object.get(fact, "detail", "") != ""

_reason(fact) := sprintf("it was not read (%s)", [object.get(fact, "reason", fact.state)]) if object.get(fact, "detail", "") == ""

_why(one) := _problem(one)
