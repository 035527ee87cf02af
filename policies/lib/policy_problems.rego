# METADATA
# title: Judge policy documents by the problems found in them
# description: |
#   Shared by the rules on how policies are written. `codes` sorts problem codes into fail, low (fails
#   at low severity) and unknown; `words` holds the sentences.
package auditor.lib.policy_problems

import data.auditor.lib.facts
import data.auditor.lib.identities
import data.auditor.lib.text
import data.auditor.lib.verdict as build

# METADATA
# description: |
#   The verdict on the policy of a repository or registry, or one for each policy that an account's
#   customer wrote and attached to somebody.
verdicts(codes, words) := {_of_document(codes, words)} if {
	input.entity != "account"
} else := {build.record_unknown("the policies of identities", "/policies", input.policies)} if {
	not facts.known(input.policies)
} else := {build.record_unknown("the principals", "/principals", input.principals)} if {
	not facts.known(input.principals)
} else := {build.record_unknown("the content of the policies", "/derived/problems", input.derived.problems)} if {
	not facts.known(input.derived.problems)
} else := {build.record("not_applicable", "No policy of your own on an identity touches a registry.", [])} if {
	count(identities.own) == 0
} else := {_of_policy(i, codes, words) | some i in identities.own}

# ---------------------------------------------------------------- repositories and registries
_fact := input[input.entity].access_policy

_path := sprintf("/%s/access_policy", [input.entity])

_access := input.derived.access

_of_document(codes, words) := build.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := build.record_unknown("the policy", _path, _fact) if {
	facts.unknown(_fact)
} else := build.record(words.absent, "There is no policy.", []) if {
	facts.absent(_fact)
} else := build.record_unknown("the content of the policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := object.union(_folded(found, codes, words), {"resource_id": input.id}) if {
	found := [{"problem": problem, "path": sprintf("/derived/access/value/problems/%d", [i])} | some i, problem in _access.value.problems]
}

# ---------------------------------------------------------------- identities
default _located := {}

_located := _by_policy if count(_by_policy) > 0

_by_policy[located.policy] contains i if some i, located in input.derived.problems.value

_of_policy(i, codes, words) := object.union(_folded(found, codes, words), {"resource_id": identities.policy_id(policy)}) if {
	not identities.unreadable(i)
	policy := input.policies.value[i]
	places := sort(object.get(_located, policy.id, set()))
	found := [{"problem": input.derived.problems.value[n].problem, "path": sprintf("/derived/problems/value/%d/problem", [n])} | some n in places]
} else := identities.on_unreadable(i)

# ---------------------------------------------------------------- one document
# Fail over unknown over pass, whatever the severity of the failure.
_folded(found, codes, words) := _failure(failing, words) if {
	failing := _among(found, codes.fail)
	count(failing) > 0
} else := object.union(_failure(minor, words), {"severity": "low"}) if {
	minor := _among(found, codes.low)
	count(minor) > 0
} else := _undecided(unclear) if {
	unclear := _among(found, codes.unknown)
	count(unclear) > 0
} else := {"status": "pass", "message": words.pass, "evidence": []}

_among(found, codes) := [one | some one in found; one.problem.code in codes]

_failure(found, words) := {
	"status": "fail",
	"message": sprintf("%s: %s.", [words.fail, _messages(found)]),
	"evidence": _evidence(found),
}

_undecided(found) := {
	"status": "unknown",
	"message": sprintf("Cannot tell: %s.", [_messages(found)]),
	"evidence": _evidence(found),
	"settle": ["a person reading the statement, or a newer table of actions"],
}

_messages(found) := text.names({one.problem.message | some one in found})

_evidence(found) := text.capped([facts.evidence(one.path, one.problem) | some one in found])
