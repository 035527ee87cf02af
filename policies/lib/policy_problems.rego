# METADATA
# title: Judge a policy document by the problems found in it
# description: |
#   Shared by the rules on how policies are written. `codes` sorts problem codes into fail, low (fails
#   at low severity) and unknown; `words` holds the sentences.
package auditor.lib.policy_problems

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict as build

_fact := input[input.entity].access_policy

_path := sprintf("/%s/access_policy", [input.entity])

_access := input.derived.access

# METADATA
# description: The one verdict on the record's policy document.
verdict(codes, words) := build.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := build.record_unknown("the policy", _path, _fact) if {
	facts.unknown(_fact)
} else := build.record(words.absent, "There is no policy.", []) if {
	facts.absent(_fact)
} else := build.record_unknown("the content of the policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := _of(codes, words)

_of(codes, words) := _fail(codes.fail, words) if {
	count(_found(codes.fail)) > 0
} else := _unknown(codes.unknown) if {
	count(_found(codes.unknown)) > 0
} else := object.union(_fail(codes.low, words), {"severity": "low"}) if {
	count(_found(codes.low)) > 0
} else := build.record("pass", words.pass, [])

_found(codes) := [i | some i, problem in _access.value.problems; problem.code in codes]

_fail(codes, words) := build.record("fail", message, _evidence(found)) if {
	found := _found(codes)
	message := sprintf("%s: %s.", [words.fail, _messages(found)])
}

_unknown(codes) := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: %s.", [_messages(found)]),
	"evidence": _evidence(found),
	"settle": ["a person reading the statement, or a newer table of actions"],
} if {
	found := _found(codes)
}

_messages(found) := text.names({_access.value.problems[i].message | some i in found})

_evidence(found) := text.capped([facts.evidence(sprintf("/derived/access/value/problems/%d", [i]), _access.value.problems[i]) | some i in found])
