# METADATA
# title: Never let retention delete images that are in use
# description: |
#   Lifecycle rules count pushes, not deployments: the registry does not look at what runs. Once an image
#   that a workload runs, or that a rollback needs, has expired or is archived, the next scale-out fails to
#   pull. The policy is played forward over the images as they are; what a workload runs or may start, the
#   index around it and the children in it, and the newest releases must still be there.
# custom:
#   id: REG-RET-005
#   severity: high
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, gar, acr]
#   frameworks:
#     nist-800-53r5: ["CP-10", "SI-12"]
#     soc2: ["A1.2"]
#     iso-27001-2022: ["A.8.14"]
#   low_confidence: ["nist-800-53r5:CP-10", "iso-27001-2022:A.8.14"]
#   params:
#     horizon_days:
#       type: integer
#       minimum: 0
#       maximum: 90
#       description: How many days ahead to look.
#       default: 30
#     keep_rollback:
#       type: integer
#       minimum: 0
#       description: How many of the newest release images a rollback may need.
#       default: 5
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#   remediation:
#     action: ecr.put_image_tag
#     mode: confirm
#     text: |
#       Put a tag on the image that a protecting rule with a higher priority matches (ecr:PutImage with
#       imageTag inuse-<env>-<n>), or raise the count or age of the rule that takes it.
#       auditor retention simulate shows what a changed policy would do.
package auditor.rules.retention.in_use_kept

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-RET-005"]

_policy := input.repository.retention_policy

_outlook := input.derived.outlook

_usage := input.derived.usage

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no retention feature.", []) if {
	not input.repository.registry.kind in {"ecr", "harbor", "gar", "acr"}
} else := verdict.record_unknown("the retention policy", "/repository/retention_policy", _policy) if {
	facts.unknown(_policy)
} else := verdict.record("not_applicable", "There is no retention policy, so nothing is taken.", []) if {
	facts.absent(_policy)
} else := verdict.record_unknown("what the retention policy takes", "/derived/outlook", _outlook) if {
	not facts.known(_outlook)
} else := verdict.record("fail", _message, text.capped(array.concat(_taken, _needed))) if {
	count(_hits) > 0
} else := verdict.record_unknown("what is in use", "/derived/usage", _usage) if {
	not facts.known(_usage)
} else := _unsettled(message, [facts.evidence("/derived/usage/value/missing", _usage.value.missing)], ["auditor:workloads"]) if {
	not usage.complete
	message := sprintf("Cannot tell: what is in use was read only in part (%s).", [text.names(_usage.value.missing)])
} else := _unsettled(message, [facts.evidence("/derived/outlook/value/doubts", doubts)], ["ecr:BatchGetImage", "ecr:DescribeImages"]) if {
	doubts := _outlook.value.doubts
	count(doubts) > 0
	message := sprintf("Cannot tell what the retention policy takes: %s.", [text.names(doubts)])
} else := verdict.record_unknown("the push time of a release", path, fact) if {
	[path, fact] := _undated_release
} else := _unsettled(message, [facts.evidence("/derived/outlook/value/horizon_days", days)], ["auditor:outlook"]) if {
	days := _outlook.value.horizon_days
	days < _params.horizon_days
	message := sprintf("Cannot tell: the policy was played forward over %s only.", [text.counted(days, "day", "days")])
} else := verdict.record("pass", message, []) if {
	message := sprintf("Retention takes nothing that is needed within %s.", [text.counted(_params.horizon_days, "day", "days")])
}

_unsettled(message, evidence, calls) := object.union(verdict.record("unknown", message, evidence), {"settle": calls})

# Of the removals in time, those of images that are needed.
_hits[i] := removal if {
	some i, removal in _outlook.value.removals
	removal.after_days <= _params.horizon_days
	removal.digest in _kept
}

_kept := usage.digests | _rollback

_message := sprintf("Retention takes %s within %s: %s.", [needed, text.counted(_params.horizon_days, "day", "days"), text.names(_named)]) if {
	number := count({removal.digest | some removal in _hits})
	needed := sprintf("%s that %s needed", [text.counted(number, "image", "images"), text.verb(number, "is", "are")])
}

_named contains sprintf("%s (%s, %s %s)", [_name(removal.digest), _why(removal.digest), _verb[removal.action], when]) if {
	some removal in _hits
	when := _when(removal.after_days)
}

_verb := {"expire": "expires", "archive": "archived"}

_when(0) := "at the next run"

_when(n) := sprintf("in %s", [text.counted(n, "day", "days")]) if n > 0

_why(digest) := "in use" if digest in usage.digests

_why(digest) := "a rollback" if not digest in usage.digests

# The first tag, or the beginning of the digest of an image without any.
_name(digest) := _tag_of[digest] if _tag_of[digest]

_name(digest) := substring(digest, 0, 19) if not _tag_of[digest]

_tag_of[image.digest] := image.tags[0] if {
	count(_hits) > 0
	hit := {removal.digest | some removal in _hits}
	some image in input.images.value
	image.digest in hit
}

_taken := [facts.evidence(sprintf("/derived/outlook/value/removals/%d", [i]), removal) | some i, removal in _hits]

_needed := [facts.evidence(sprintf("/derived/usage/value/uses/%d", [i]), use) |
	hit := {removal.digest | some removal in _hits}
	some i, use in _usage.value.uses
	use.digest in hit
]

# ---------------------------------------------------------------- the newest releases
_rollback := {entry[1] |
	not _undated_release
	some i, entry in _dated
	i >= count(_dated) - _params.keep_rollback
}

_dated := sort({[time.parse_rfc3339_ns(image.pushed_at.value), image.digest] | some image in _releases})

_releases[i] := image if {
	_params.keep_rollback > 0
	pattern := globs.union(_params.release_patterns)
	some i, image in input.images.value
	image.kind in {"image", "index"}
	image.status == "active"
	some tag in image.tags
	regex.match(pattern, tag)
}

# Which releases are the newest cannot be told where the time of one was not read.
_undated_release := undated[0] if {
	undated := [[path, image.pushed_at] |
		some i, image in _releases
		not facts.known(image.pushed_at)
		path := sprintf("/images/value/%d/pushed_at", [i])
	]
	count(undated) > 0
}
