# METADATA
# title: Remove development images within the limit
# description: |
#   Development builds are the largest and least patched part of a registry. An image counts as one when each
#   of its tags, signatures aside, is a development tag: with a release tag beside it, it is a release. Some
#   rule must expire them in time, and none may be left that it should have taken. One that is in use stays
#   reported, as information: removing it is not the fix (see REG-RET-005).
# custom:
#   id: REG-RET-006
#   severity: low
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, gar, quay]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["SI-12"]
#     iso-27001-2022: ["A.8.10", "A.8.31"]
#     ccc: ["CCC.CntrReg.CN02.AR01"]
#   low_confidence: ["iso-27001-2022:A.8.31"]
#   params:
#     dev_patterns:
#       type: array
#       items: {type: string}
#       minItems: 1
#       description: Globs of the tags that development builds carry.
#       default: ["dev*", "feature-*", "pr-*"]
#     keep_dev_days:
#       type: integer
#       minimum: 1
#       description: Days after the push in which a development image must expire.
#       default: 30
#     lag_days:
#       type: integer
#       minimum: 0
#       description: Days that the registry may take to act on its rules.
#       default: 2
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Add a rule that expires development images after 30 days (ecr:PutLifecyclePolicy, tagPatternList ["dev*"],
#       sinceImagePushed 30 days), one rule for each pattern: several patterns in one rule must all match.
package auditor.rules.retention.development_expires

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-RET-006"]

_policy := input.repository.retention_policy

_analysis := input.derived.retention

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "Retention rules of this registry do not select by tag.", []) if {
	not input.repository.registry.kind in {"ecr", "harbor", "gar", "quay"}
} else := verdict.record_unknown("the retention policy", "/repository/retention_policy", _policy) if {
	facts.unknown(_policy)
} else := verdict.record_unknown("the content of the retention policy", "/derived/retention", _analysis) if {
	facts.known(_policy)
	not facts.known(_analysis)
} else := verdict.record("fail", message, [_rules]) if {
	count(_expiring) == 0
	message := sprintf("No rule expires development images within %s.", [text.counted(_params.keep_dev_days, "day", "days")])
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := verdict.record("fail", message, _listed(_overdue)) if {
	count(_overdue) > 0
	message := _left_message(_overdue)
} else := verdict.record("fail", message, array.concat([_rules], _listed(_unruled))) if {
	count(_unruled) > 0
	message := sprintf("No rule expires %s in time: %s.", [_development(count(_unruled)), text.names(_tags(_unruled))])
} else := object.union(verdict.record("fail", message, _listed(_old)), {"severity": "info"}) if {
	count(_old) > 0
	message := sprintf("%s All of them are in use.", [_left_message(_old)])
} else := verdict.record_unknown("the push time of a development image", path, fact) if {
	[path, fact] := _undated[0]
} else := verdict.record("pass", "Development images expire in time.", [])

_rules := facts.evidence("/derived/retention", _analysis) if not facts.known(_analysis)

_rules := facts.evidence("/derived/retention/value/rules", _analysis.value.rules) if facts.known(_analysis)

_development(1) := "1 development image"

_development(n) := sprintf("%d development images", [n]) if n != 1

_left_message(positions) := sprintf("%s %s older than %s: %s.", [
	_development(count(positions)),
	text.verb(count(positions), "is", "are"),
	text.counted(_params.keep_dev_days, "day", "days"),
	text.names(_tags(positions)),
])

_tags(positions) := {input.images.value[i].tags[0] | some i in positions}

_listed(positions) := text.capped([facts.evidence(path, input.images.value[i].pushed_at) |
	some i in positions
	path := sprintf("/images/value/%d/pushed_at", [i])
])

# ---------------------------------------------------------------- rules that expire development images in time
_in_time(rule) if {
	rule.action == "expire"
	rule.storage_class == "standard"
	rule.count_type == "since_pushed"
	rule.count <= _params.keep_dev_days
	rule.tag_status in {"tagged", "any"}
}

_globs(rule) := [_as_glob(rule, pattern) | some pattern in rule.patterns]

_as_glob(rule, pattern) := sprintf("%s*", [pattern]) if rule.pattern_kind == "prefix"

_as_glob(rule, pattern) := pattern if rule.pattern_kind != "prefix"

# A rule selects every tag of some development pattern. Each of a rule's patterns has to match.
_expiring contains rule.priority if {
	some rule in _analysis.value.rules
	_in_time(rule)
	some pattern in _params.dev_patterns
	every glob in _globs(rule) { globs.inside(pattern, glob) }
}

# Or it selects some image that is there.
_expiring contains rule.priority if {
	some rule in _analysis.value.rules
	_in_time(rule)
	some image in _images
	_selects(rule, image)
}

_selects(rule, image) if {
	every glob in _globs(rule) {
		some tag in image.tags
		regex.match(globs.union([glob]), tag)
	}
}

# ---------------------------------------------------------------- the images
_dev := globs.union(_params.dev_patterns)

_images[i] := image if {
	some i, image in input.images.value
	image.kind in {"image", "index"}
	tags := [tag | some tag in image.tags; not regex.match(`^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$`, tag)]
	count(tags) > 0
	every tag in tags { regex.match(_dev, tag) }
}

_limit := time.parse_rfc3339_ns(input.now) - (((_params.keep_dev_days + _params.lag_days) * 86400) * 1000000000)

_old contains i if {
	some i, image in _images
	time.parse_rfc3339_ns(image.pushed_at.value) < _limit
}

_overdue contains i if {
	some i in _old
	not input.images.value[i].digest in usage.digests
}

_unruled contains i if {
	some i, image in _images
	not _taken(image)
}

_taken(image) if {
	some rule in _analysis.value.rules
	_in_time(rule)
	_selects(rule, image)
}

_undated := [[path, image.pushed_at] |
	some i, image in _images
	not facts.known(image.pushed_at)
	path := sprintf("/images/value/%d/pushed_at", [i])
]
