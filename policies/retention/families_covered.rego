# METADATA
# title: Cover every tag family by some retention rule
# description: |
#   A tagged image that no retention rule selects is kept for ever, and is not counted either: a policy on
#   release* never sees releases that are tagged v1.2.3. An image within its rule's count or age is covered.
# custom:
#   id: REG-RET-003
#   severity: medium
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, gar]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["SI-12"]
#     iso-27001-2022: ["A.8.10"]
#     ccc: ["CCC.CntrReg.CN02.AR01"]
#   params:
#     grace_days:
#       type: integer
#       minimum: 0
#       description: Days after the push in which an image may be uncovered.
#       default: 30
#     protected_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of tags that are meant to stay; an image with one of them is left out.
#       default: []
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Add a rule for the tags that are named (tagPatternList, as ["v*"]), or a last one with tagStatus any.
#       auditor retention simulate shows what it would take before you put it.
package auditor.rules.retention.families_covered

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-RET-003"]

_policy := input.repository.retention_policy

_outlook := input.derived.outlook

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "Retention rules of this registry do not select by tag.", []) if {
	not input.repository.registry.kind in {"ecr", "harbor", "gar"}
} else := verdict.record_unknown("the retention policy", "/repository/retention_policy", _policy) if {
	facts.unknown(_policy)
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := verdict.record_unknown("what the retention policy selects", "/derived/outlook", _outlook) if {
	facts.known(_policy)
	not facts.known(_outlook)
} else := verdict.record("fail", message, text.capped([_evidence(i) | some i in _old])) if {
	count(_old) > 0
	number := count(_old)
	known := sprintf("%s older than %s", [_tagged(number), text.counted(_params.grace_days, "day", "days")])
	message := sprintf("%s %s no retention rule: tags like %s.", [known, text.verb(number, "matches", "match"), text.names(_families)])
} else := verdict.record_unknown("the push time of an uncovered image", path, fact) if {
	[path, fact] := _undated[0]
} else := verdict.record("pass", "Some retention rule selects every tagged image.", [])

_tagged(1) := "1 tagged image"

_tagged(n) := sprintf("%d tagged images", [n]) if n != 1

# Without a policy nothing is covered.
_uncovered[i] := image if {
	facts.absent(_policy)
	some i, image in input.images.value
	image.kind in {"image", "index"}
	image.tags != []
	not _protected(image)
}

_uncovered[i] := image if {
	facts.known(_policy)
	digests := {digest | some digest in _outlook.value.uncovered}
	some i, image in input.images.value
	image.digest in digests
	not _protected(image)
}

_protected(image) if {
	some tag in image.tags
	regex.match(_pattern, tag)
}

_pattern := globs.union(_params.protected_patterns)

_limit := time.parse_rfc3339_ns(input.now) - ((_params.grace_days * 86400) * 1000000000)

_old contains i if {
	some i, image in _uncovered
	time.parse_rfc3339_ns(image.pushed_at.value) < _limit
}

_undated := [[path, image.pushed_at] |
	some i, image in _uncovered
	not facts.known(image.pushed_at)
	path := sprintf("/images/value/%d/pushed_at", [i])
]

# The leading letters of a tag name its family.
_families contains family if {
	some i in _old
	some tag in _uncovered[i].tags
	family := _family(tag)
}

_family(tag) := sprintf("%s*", [letters]) if {
	letters := regex.find_n(`^[A-Za-z]+`, tag, 1)[0]
}

_family(tag) := sprintf("%s*", [substring(tag, 0, 1)]) if not regex.match(`^[A-Za-z]`, tag)

_evidence(i) := facts.evidence(sprintf("/images/value/%d/tags", [i]), input.images.value[i].tags)
