# METADATA
# title: Keep signatures, SBOMs and platform children with their image
# description: |
#   An index whose child is gone fails to pull on that platform; a signature, SBOM or attestation whose image is
#   gone is litter; and a rule that counts signatures in cosign's tag scheme as images can keep these and drop the
#   image. Gone is what the registry says it does not have; what could not be read may be there. A pull-through cache holds what was pulled through it, not all of an index, and is not judged.
# custom:
#   id: REG-RET-008
#   severity: medium
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["SI-7", "CM-14"]
#     slsa: ["distribution"]
#   low_confidence: ["slsa:distribution"]
#   params: {}
#   remediation:
#     action: ecr.batch_delete_image
#     mode: confirm
#     text: |
#       Delete what dangles (ecr:BatchDeleteImage), and push an index again whose child is gone. Store signatures as
#       referrers instead of tags: a registry removes these with their image, and does not count them.
package auditor.rules.retention.parts_together

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.images
import data.auditor.lib.platform
import data.auditor.lib.text
import data.auditor.lib.verdict

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A pull-through cache holds only what was pulled through it.", []) if {
	platform.is_proxy
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := verdict.record_unknown("whether this is a pull-through cache", "/repository/hosting", input.repository.hosting) if {
	count(_findings) > 0
	platform.may_be_proxy
} else := verdict.record("fail", message, text.capped(_evidence)) if {
	count(_findings) > 0
	message := sprintf("%s.", [concat("; ", sort([finding | some finding in _findings]))])
} else := verdict.record_unknown("the children of an index", path, fact) if {
	[path, fact] := _unread[0]
} else := verdict.record_unknown("a manifest that an index or an artefact names", path, fact) if {
	[path, fact] := _missing[0]
} else := verdict.record_unknown("what an artefact refers to", path, fact) if {
	[path, fact] := _unplaced[0]
} else := verdict.record_unknown("the content of the retention policy", "/derived/retention", input.derived.retention) if {
	_counting_unknown
} else := verdict.record("pass", "Every child, signature and SBOM has its image.", [])

# What is there, and what may be there since it could not be read.
_digests := {image.digest | some image in input.images.value} | {entry.digest | some entry in input.unread.value}

# ---------------------------------------------------------------- what dangles
_findings contains sprintf("%s %s a child that is gone", [_indexes(number), text.verb(number, "names", "name")]) if {
	number := count({i | some i, _ in _broken})
	number > 0
}

_findings contains sprintf("%s %s to an image that is gone", [_artefacts(number), text.verb(number, "belongs", "belong")]) if {
	number := count(_orphans)
	number > 0
}

_findings contains sprintf("rule %d counts signatures as images", [rule.priority]) if some rule in _counting

_findings contains sprintf("rule %d takes untagged children of indexes", [rule.priority]) if some rule in _careless

_indexes(1) := "1 index"

_indexes(n) := sprintf("%d indexes", [n]) if n != 1

_artefacts(1) := "1 artefact"

_artefacts(n) := sprintf("%d artefacts", [n]) if n != 1

# An archived index may have lost its children, and cannot be read.
_broken[i] contains j if {
	some i, image in input.images.value
	image.kind == "index"
	image.status == "active"
	some j, child in image.children.value
	not child.digest in _digests
}

_scheme := `^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$`

# By the tag of cosign's scheme or of the fallback for referrers.
_orphans[i] := sprintf("/images/value/%d/tags/%d", [i, j]) if {
	some i, _ in _by_tag
	j := min({place | some place, _ in _by_tag[i]})
	not _kept_by_tag[i]
}

_orphans[i] := sprintf("/images/value/%d/subject", [i]) if {
	some i, image in input.images.value
	not _by_tag[i]
	facts.known(image.subject)
	not image.subject.value in _digests
}

_by_tag[i][j] := subject if {
	some i, image in input.images.value
	some j, tag in image.tags
	startswith(tag, "sha256-")
	regex.match(_scheme, tag)
	subject := sprintf("sha256:%s", [substring(tag, 7, 64)])
}

# One that carries an ordinary tag too is an image of its own.
_kept_by_tag contains i if {
	some i, tags in _by_tag
	some subject in tags
	subject in _digests
}

_kept_by_tag contains i if {
	some i, _ in _by_tag
	some tag in input.images.value[i].tags
	not regex.match(_scheme, tag)
}

# ---------------------------------------------------------------- rules that count them
_signature_tags := {tag | some i, _ in _by_tag; some tag in input.images.value[i].tags; regex.match(_scheme, tag)}

_counting contains rule if {
	count(_signature_tags) > 0
	some rule in input.derived.retention.value.rules
	rule.count_type == "count"
	_selects_signatures(rule)
}

_selects_signatures(rule) if rule.tag_status == "any"

_selects_signatures(rule) if {
	rule.tag_status == "tagged"
	some tag in _signature_tags
	every pattern in rule.patterns { regex.match(globs.union([_as_glob(rule, pattern)]), tag) }
}

_as_glob(rule, pattern) := sprintf("%s*", [pattern]) if rule.pattern_kind == "prefix"

_as_glob(rule, pattern) := pattern if rule.pattern_kind != "prefix"

# ECR keeps what an index names; others delete untagged manifests whoever names them.
_careless contains rule if {
	input.repository.registry.kind != "ecr"
	some rule in input.derived.retention.value.rules
	rule.tag_status in {"untagged", "any"}
	rule.action == "expire"
	some image in input.images.value
	image.tags == []
	image.digest in images.children_of_tagged
}

_counting_unknown if {
	count(_signature_tags) > 0
	facts.known(input.repository.retention_policy)
	not facts.known(input.derived.retention)
}

_counting_unknown if {
	count(_signature_tags) > 0
	facts.unknown(input.repository.retention_policy)
	input.repository.retention_policy.reason != "unsupported_by_platform"
}

# ---------------------------------------------------------------- what was not read
_unread := [[path, image.children] |
	some i, image in input.images.value
	image.kind == "index"
	image.status == "active"
	image.children.state == "unknown"
	path := sprintf("/images/value/%d/children", [i])
]

_missing := [[path, entry.why] |
	some k, entry in input.unread.value
	entry.digest in _named
	path := sprintf("/unread/value/%d/why", [k])
]

_named contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	image.status == "active"
	some child in image.children.value
}

_named contains image.subject.value if {
	some image in input.images.value
	facts.known(image.subject)
}

_named contains subject if {
	some _, subjects in _by_tag
	some subject in subjects
}

_unplaced := [[path, image.subject] |
	some i, image in input.images.value
	image.subject.state == "unknown"
	not image.kind in {"image", "index"}
	path := sprintf("/images/value/%d/subject", [i])
]

_evidence := array.concat(
	[facts.evidence(path, input.images.value[i].children.value[j]) |
		some i, missing in _broken
		some j in missing
		path := sprintf("/images/value/%d/children/value/%d", [i, j])
	],
	array.concat(
		[facts.evidence(path, _value(path, i)) | some i, path in _orphans],
		[facts.evidence(path, rule) |
			some k, rule in input.derived.retention.value.rules
			rule in (_counting | _careless)
			path := sprintf("/derived/retention/value/rules/%d", [k])
		],
	),
)

_value(path, i) := input.images.value[i].subject if endswith(path, "/subject")

_value(path, i) := input.images.value[i].tags[to_number(regex.find_n(`[0-9]+$`, path, 1)[0])] if {
	not endswith(path, "/subject")
}
