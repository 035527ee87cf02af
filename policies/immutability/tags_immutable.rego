# METADATA
# title: Make image tags immutable in every repository
# description: |
#   A tag that can be overwritten lets a reviewed release be swapped for another image,
#   unnoticed. Immutable tags with exclusions pass here; how wide the exclusions are is judged
#   by REG-IMM-002. Pull-through cache repositories have to follow their upstream and are
#   exempt.
# custom:
#   id: REG-IMM-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, acr, gar, dockerhub, quay]
#   frameworks:
#     aws-fsbp: ["ECR.2"]
#     nist-800-190: ["4.1.5"]
#     nist-800-53r5: ["CM-2", "CM-8(1)", "CA-9(1)", "SI-7"]
#     soc2: ["CC8.1"]
#     iso-27001-2022: ["A.8.9", "A.8.32"]
#     fedramp: ["KSI-SCR-MIT", "KSI-SVC-VRI"]
#     pci-dss-4: ["6.5.1"]
#     slsa: ["distribution"]
#   low_confidence: ["nist-800-190:4.1.5", "pci-dss-4:6.5.1", "fedramp:KSI-SVC-VRI", "slsa:distribution"]
#   params:
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#     exempt_ptc:
#       type: boolean
#       description: Leave pull-through cache repositories out.
#       default: true
#   remediation:
#     action: ecr.put_image_tag_mutability
#     mode: confirm
#     text: |
#       Set the repository's tag mutability to IMMUTABLE, or to IMMUTABLE_WITH_EXCLUSION with
#       narrow filters. Pipelines that push a moving tag again start to fail with
#       ImageTagAlreadyExistsException: change them first.
package auditor.rules.immutability.tags_immutable

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.platform
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-IMM-001"]

_fact := input.repository.immutability

_path := "/repository/immutability"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A pull-through cache follows its upstream.", []) if {
	_params.exempt_ptc
	platform.is_proxy
} else := verdict.record("not_applicable", "This registry has no tag immutability; tag changes show it.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the tag immutability", _path, _fact) if {
	not facts.known(_fact)
} else := verdict.record("pass", "Tags are immutable.", []) if {
	_fact.value.mode in {"all", "all_except"}
} else := verdict.record("pass", "Every release tag is immutable.", []) if {
	_covers_releases
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: every release tag may be fixed by %s.", [text.names({p | some p in _unclear})]),
	"evidence": text.capped([facts.evidence(path, pattern) | some path, pattern in _unclear]),
	"settle": ["a person comparing the rules with the release patterns"],
} if {
	count(_unclear) > 0
} else := verdict.record_unknown(_proxy_question, "/repository/hosting", input.repository.hosting) if {
	_params.exempt_ptc
	platform.may_be_proxy
} else := verdict.record("fail", _failure, [facts.evidence("/repository/immutability/value/mode", _fact.value.mode)])

_proxy_question := "whether this is a pull-through cache, which may have mutable tags,"

# Only tags that match a rule are fixed: every release pattern must lie inside one rule.
_covers_releases if {
	_fact.value.mode in {"none_except", "rules"}
	count(_params.release_patterns) > 0
	every pattern in _params.release_patterns {
		some rule in _fact.value.rules
		_inside(pattern, rule)
	}
}

_inside(pattern, rule) if {
	rule.kind in {"glob", "doublestar"}
	globs.inside(pattern, rule.pattern)
}

_inside(pattern, rule) if {
	rule.kind == "prefix"
	globs.inside(pattern, concat("", [rule.pattern, "*"]))
}

# Pointer -> pattern of the rules that cannot be compared with a release pattern.
_unclear[path] := rule.pattern if {
	_fact.value.mode in {"none_except", "rules"}
	some i, rule in _fact.value.rules
	_incomparable(rule)
	path := sprintf("/repository/immutability/value/rules/%d/pattern", [i])
}

_incomparable(rule) if rule.kind == "regex"

_incomparable(rule) if {
	rule.kind in {"glob", "doublestar"}
	regex.match(`[?{\[]`, rule.pattern)
}

_failure := "Tags can be overwritten." if _fact.value.mode == "none"

_failure := sprintf("Tags can be overwritten, except those that match %s; releases are not among them.", [shown]) if {
	_fact.value.mode in {"none_except", "rules"}
	shown := text.names([rule.pattern | some rule in _fact.value.rules])
}

_failure := "Tags can be overwritten: immutability is left to each tag or to permissions." if {
	_fact.value.mode in {"per_tag", "by_permission"}
}
