# METADATA
# title: Give push and admin rights only to approved pushers
# description: |
#   Whoever can push can replace production code. A repository policy is judged by whom it grants
#   push, deletion or administration. On an account the question is who really holds them, all
#   layers of policies joined: one verdict for each role and user. A role that workloads run with
#   must never hold them, approved or not.
# custom:
#   id: REG-ACC-004
#   severity: high
#   since: 0.2.0
#   inputs: [repository, account]
#   entity: principal
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-6", "AC-5", "CM-5"]
#     cis-eks: ["5.1.2", "5.1.3"]
#     pci-dss-4: ["7.2.2", "7.2.5"]
#     soc2: ["CC6.3"]
#     iso-27001-2022: ["A.8.2", "A.5.18"]
#     fedramp: ["KSI-IAM-ELP"]
#     nis2: ["11.2.2.a"]
#   params:
#     approved_pushers:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Globs of the ARNs (or names of services) that may push, delete and administer. An account id approves all of its principals.
#       default: []
#     runtime_role_patterns:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Globs of the names of roles that workloads run with.
#       default: ["*TaskExecution*", "*NodeInstanceRole*", "*pull*", "*read*"]
#   remediation:
#     action: ecr.set_repository_policy
#     mode: confirm
#     text: |
#       Leave the principal only what pulling takes (ecr:BatchGetImage,
#       ecr:GetDownloadUrlForLayer), in the statement that the evidence names; or add it to
#       approved_pushers.
package auditor.rules.access.approved_pushers

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.identities
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-004"]

_writes := {"push", "delete", "administer"}

verdicts contains _of_repository if input.entity == "repository"

verdicts contains v if {
	input.entity == "account"
	some v in _of_account
}

# ---------------------------------------------------------------- who is approved
# Made once, not once a principal.
_approving := globs.union(_params.approved_pushers)

_running := globs.union(_params.runtime_role_patterns)

_approved(who) if regex.match(_approving, who)

_approved(who) if {
	startswith(who, "arn:")
	split(who, ":")[4] in _params.approved_pushers
}

_runtime(who) if {
	contains(who, ":role/")
	parts := split(who, "/")
	regex.match(_running, parts[count(parts) - 1])
}

_refused(who) if not _approved(who)

_refused(who) if _runtime(who)

# ---------------------------------------------------------------- a repository policy
_fact := input.repository.access_policy

_access := input.derived.access

_grants := _access.value.grants

_of_repository := verdict.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the repository policy", "/repository/access_policy", _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "There is no repository policy, so it gives nobody write access.", []) if {
	facts.absent(_fact)
} else := verdict.record_unknown("the content of the repository policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := verdict.record("fail", _sentence(_offenders), _evidence(_offenders)) if {
	count(_offenders) > 0
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is given write access: %s.", [text.names({_grants[pair[0]].reason | some pair in _unclear})]),
	"evidence": _evidence(_unclear),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
} if {
	count(_unclear) > 0
} else := verdict.record("pass", "The repository policy gives write access to approved pushers at most.", [])

_offenders := {[i, who] | some [i, who] in _given; _grants[i].certainty == "exact"}

_unclear := {[i, who] | some [i, who] in _given; _grants[i].certainty == "unknown"}

_given contains [i, who] if {
	some i, grant in _grants
	_may_write(grant)
	some who in _named(grant)
	_refused(who)
}

_may_write(grant) if {
	some capability in grant.capabilities
	capability in _writes
}

# What cannot be decided at all has no capabilities, but a reason.
_may_write(grant) if {
	count(grant.capabilities) == 0
	grant.certainty == "unknown"
}

_named(grant) := {"any AWS account"} if {
	grant.audience == "any_account"
} else := set() if {
	grant.audience == "nobody"
} else := {_own(principal) | some principal in grant.principals; not endswith(principal, ":root")} if {
	# The own account as a whole: its identity policies decide, and they are judged on the account.
	grant.audience == "own_account"
} else := {principal | some principal in grant.principals}

_own(principal) := principal if startswith(principal, "arn:")

_own(principal) := sprintf("everybody in the own account %s", [principal]) if not startswith(principal, "arn:")

_sentence(pairs) := sprintf("Write access for others than approved pushers: %s.", [text.names({who | some [_, who] in pairs})]) if {
	every pair in pairs { not _runtime(pair[1]) }
} else := sprintf("Write access for roles that workloads run with: %s.", [text.names({who | some [_, who] in pairs; _runtime(who)})]) if {
	every pair in pairs { _runtime(pair[1]) }
} else := sprintf("Write access for others than approved pushers: %s; of these, workloads run with %s.", [all, running]) if {
	all := text.names({who | some [_, who] in pairs})
	running := text.names({who | some [_, who] in pairs; _runtime(who)})
}

_evidence(pairs) := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort({pair[0] | some pair in pairs})])

# ---------------------------------------------------------------- an account
_effective := input.derived.effective

_of_account := {verdict.record_unknown("who can really push, delete or administer", "/derived/effective", _effective)} if {
	not facts.known(_effective)
} else := {verdict.record("pass", "No role or user of this account can push, delete or administer.", [])} if {
	count(_held) == 0
} else := {_of_principal(arn) | some arn, _ in _held}

default _held := {}

_held := _by_principal if count(_by_principal) > 0

_by_principal[entry.principal] contains i if {
	some i, entry in _effective.value
	entry.capability in _writes
}

_of_principal(arn) := identities.on(identities.principal_id(arn), "not_applicable", "A role that the platform made for one of its services.", []) if {
	identities.of_the_platform(arn)
} else := identities.on(identities.principal_id(arn), "pass", "An approved pusher.", []) if {
	not _refused(arn)
} else := identities.on(identities.principal_id(arn), "fail", message, _entries(_sure(arn))) if {
	count(_sure(arn)) > 0
	message := sprintf("%s can %s, %s.", [identities.name(arn), _what(_sure(arn)), _why(arn)])
} else := identities.on_unknown(identities.principal_id(arn), message, _entries(_held[arn]), [reasons]) if {
	reasons := text.names({_reason(_effective.value[i]) | some i in _held[arn]})
	message := sprintf("Cannot tell whether %s can %s: %s.", [identities.name(arn), _what(_held[arn]), reasons])
}

_reason(entry) := entry.reason if {
	entry.reason != ""
} else := "a person reading its policies"

_sure(arn) := {i | some i in _held[arn]; _effective.value[i].certainty == "exact"}

_why(arn) := "and workloads run with it" if {
	_runtime(arn)
} else := "and is no approved pusher"

_what(indexes) := concat(", ", sort({sprintf("%s %s", [_effective.value[i].capability, _repositories(_effective.value[i])]) | some i in indexes}))

_repositories(entry) := sprintf("%s", [entry.repositories[0]]) if {
	entry.count == 1
	count(entry.repositories) == 1
} else := sprintf("%d repositories", [entry.count])

_entries(indexes) := text.capped([facts.evidence(sprintf("/derived/effective/value/%d", [i]), _effective.value[i]) | some i in sort(indexes)])
