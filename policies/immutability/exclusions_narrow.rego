# METADATA
# title: Keep mutability exclusion filters away from release tags
# description: |
#   One broad exclusion filter turns immutability off for release tags while a plain check of
#   the setting still passes. The filters themselves are compared with the release patterns, not
#   only the tags that exist today.
# custom:
#   id: REG-IMM-002
#   severity: high
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr]
#   frameworks:
#     nist-800-53r5: ["CM-2", "SI-7"]
#     soc2: ["CC8.1"]
#     iso-27001-2022: ["A.8.9", "A.8.32"]
#     fedramp: ["KSI-SCR-MIT"]
#   params:
#     allowed_exclusions:
#       type: array
#       items: {type: string}
#       description: Exclusion filters that may be used, as they are written.
#       default: [latest, "dev-*", "buildcache*"]
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#   remediation:
#     action: ecr.put_image_tag_mutability
#     mode: confirm
#     text: |
#       Narrow the exclusion filters with PutImageTagMutability so that none can match a release
#       tag, or remove them.
package auditor.rules.immutability.exclusions_narrow

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-IMM-002"]

_fact := input.repository.immutability

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no tag immutability.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the tag immutability", "/repository/immutability", _fact) if {
	not facts.known(_fact)
} else := verdict.record("not_applicable", "There are no exclusions from immutability.", []) if {
	_fact.value.mode != "all_except"
} else := verdict.record("fail", message, text.capped([_evidence(i) | some i in sort(_reaching)])) if {
	count(_reaching) > 0
	message := sprintf("Excluded from immutability, and able to match a release tag: %s.", [_shown(_reaching)])
} else := object.union(failure, {"severity": "low"}) if {
	count(_unlisted) > 0
	message := sprintf("Exclusions from immutability that are not allowed: %s.", [_shown(_unlisted)])
	failure := verdict.record("fail", message, text.capped([_evidence(i) | some i in sort(_unlisted)]))
} else := verdict.record("pass", "No exclusion can match a release tag.", [])

_reaching contains i if {
	some i, rule in _fact.value.rules
	some pattern in _params.release_patterns
	globs.intersect(rule.pattern, pattern)
}

_reaching contains i if {
	some i, rule in _fact.value.rules
	regex.match(`^\*+$`, rule.pattern)
}

_unlisted contains i if {
	some i, rule in _fact.value.rules
	not rule.pattern in _params.allowed_exclusions
}

_shown(indexes) := text.names([_fact.value.rules[i].pattern | some i in indexes])

_evidence(i) := facts.evidence(path, _fact.value.rules[i].pattern) if {
	path := sprintf("/repository/immutability/value/rules/%d/pattern", [i])
}
