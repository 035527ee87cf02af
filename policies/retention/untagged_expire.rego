# METADATA
# title: Expire untagged images within the limit
# description: |
#   Untagged images are mostly superseded builds: they cost, and carry old vulnerabilities.
#   There must be a rule that expires them in time, and none may be left that such a rule should
#   have taken. Moving them to an archive class keeps them, so it does not count. Images in a
#   pull-through cache are pulled by digest and may be in use.
# custom:
#   id: REG-RET-002
#   severity: low
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, acr, gar, quay]
#   frameworks:
#     aws-fsbp: ["ECR.3"]
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["SI-12"]
#     iso-27001-2022: ["A.8.10"]
#     ccc: ["CCC.CntrReg.CN02.AR01"]
#   params:
#     keep_untagged_days:
#       type: integer
#       minimum: 1
#       description: Days after the push in which an untagged image must expire.
#       default: 7
#     max_untagged:
#       type: integer
#       minimum: 0
#       description: Or the number of untagged images that a counting rule may keep.
#       default: 50
#     lag_days:
#       type: integer
#       minimum: 0
#       description: Days that the registry may take to act on its rules.
#       default: 2
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Add a rule that expires untagged images after seven days (tagStatus untagged,
#       sinceImagePushed 7 days). Preview it first: expired images do not come back.
package auditor.rules.retention.untagged_expire

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.platform
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-RET-002"]

_policy := input.repository.retention_policy

_analysis := input.derived.retention

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no retention feature.", []) if {
	not platform.has_retention
} else := verdict.record("not_applicable", "Untagged images of a pull-through cache may be in use.", []) if {
	platform.is_proxy
} else := verdict.record_unknown("the retention policy", "/repository/retention_policy", _policy) if {
	facts.unknown(_policy)
} else := verdict.record_unknown("the content of the retention policy", "/derived/retention", _analysis) if {
	facts.known(_policy)
	not facts.known(_analysis)
} else := _or_proxy(verdict.record("fail", "No rule expires untagged images in time.", [_rules])) if {
	not _bounded
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := _or_proxy(verdict.record("fail", message, text.capped([_left_evidence(i) | some i in _left]))) if {
	count(_left) > 0
	not images.unread_index
	message := sprintf("%s older than the rule allows.", [text.counted(count(_left), "untagged image is", "untagged images are")])
} else := verdict.record_unknown("whether old untagged images belong to an index", path, fact) if {
	count(_left) > 0
	[path, fact] := images.unread_index
} else := verdict.record_unknown("the push time of an untagged image", path, fact) if {
	[path, fact] := _undated[0]
} else := verdict.record_unknown("whether an old untagged image refers to another", path, fact) if {
	[path, fact] := _unplaced[0]
} else := verdict.record("pass", "Untagged images expire in time.", [])

# A failure that would be none on a pull-through cache, where it is not known whether this is one.
_or_proxy(failure) := failure if not platform.may_be_proxy

_or_proxy(_) := verdict.record_unknown("whether this is a pull-through cache", "/repository/hosting", hosting) if {
	platform.may_be_proxy
	hosting := input.repository.hosting
}

_rules := facts.evidence("/derived/retention", _analysis) if not facts.known(_analysis)

_rules := facts.evidence("/derived/retention/value/rules", _analysis.value.rules) if facts.known(_analysis)

_bounded if {
	some rule in _analysis.value.rules
	_takes_untagged(rule)
	rule.count_type == "since_pushed"
	rule.count <= _params.keep_untagged_days
}

_bounded if {
	some rule in _analysis.value.rules
	_takes_untagged(rule)
	rule.count_type == "count"
	rule.count <= _params.max_untagged
}

_takes_untagged(rule) if {
	rule.tag_status in {"untagged", "any"}
	rule.action == "expire"
	rule.storage_class == "standard"
}

_since_pushed if {
	some rule in _analysis.value.rules
	_takes_untagged(rule)
	rule.count_type == "since_pushed"
	rule.count <= _params.keep_untagged_days
}

_untagged(1) := "1 untagged image"

_untagged(n) := sprintf("%d untagged images", [n]) if n != 1

_limit := time.parse_rfc3339_ns(input.now) - (((_params.keep_untagged_days + _params.lag_days) * 86400) * 1000000000)

# Images that a rule by age should take by itself: neither a referrer nor the child of an index.
_alone[i] := image if {
	_since_pushed
	some i, image in input.images.value
	image.tags == []
	image.status == "active"
	image.kind in {"image", "index"}
	image.subject.state != "known"
	not image.digest in _children
}

_left := [i |
	some i, image in _alone
	image.subject.state == "absent"
	time.parse_rfc3339_ns(image.pushed_at.value) < _limit
]

_undated := [[path, image.pushed_at] |
	some i, image in _alone
	not facts.known(image.pushed_at)
	path := sprintf("/images/value/%d/pushed_at", [i])
]

_unplaced := [[path, image.subject] |
	some i, image in _alone
	image.subject.state == "unknown"
	time.parse_rfc3339_ns(image.pushed_at.value) < _limit
	path := sprintf("/images/value/%d/subject", [i])
]

_children contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	some child in image.children.value
}

_left_evidence(i) := facts.evidence(sprintf("/images/value/%d/pushed_at", [i]), input.images.value[i].pushed_at)
