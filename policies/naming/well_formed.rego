# METADATA
# title: Use only well-formed image references
# description: |
#   A malformed reference fails only when something is deployed. The names and tags of the
#   registry are read with the grammar of the distribution specification, which is narrower than
#   what some registries accept.
# custom:
#   id: REG-NAM-002
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-6"]
#   low_confidence: ["nist-800-53r5:CM-6"]
#   params: {}
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Rename what does not parse: push under a well-formed name or tag, switch the references,
#       then delete the old one.
package auditor.rules.naming.well_formed

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_fact := input.derived.reference

verdicts contains _verdict

_verdict := verdict.record("fail", message, [facts.evidence("/repository/name", input.repository.name)]) if {
	_fact.value.repository_error != ""
	message := sprintf("References to this repository do not parse: %s.", [_fact.value.repository_error])
} else := verdict.record_unknown("the list of tags", "/derived/reference", _fact) if {
	not facts.known(_fact)
} else := verdict.record("fail", message, _bad_tags) if {
	count(_fact.value.bad_tags) > 0
	message := sprintf("Tags outside the grammar: %s.", [text.names(_fact.value.bad_tags)])
} else := verdict.record("pass", "Name and tags are well-formed.", [])

_bad_tags := text.capped([facts.evidence(path, tag) |
	some i, tag in _fact.value.bad_tags
	path := sprintf("/derived/reference/value/bad_tags/%d", [i])
])
