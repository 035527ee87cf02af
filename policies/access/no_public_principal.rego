# METADATA
# title: Never grant repository access to every principal
# description: |
#   A repository policy that lets in every principal lets any AWS account pull or push. A
#   private registry never serves anonymous requests, but anybody can have an account.
# custom:
#   id: REG-ACC-001
#   severity: critical
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-3", "AC-6", "AC-22", "SC-7(3)"]
#     pci-dss-4: ["7.2.1", "7.2.2"]
#     soc2: ["CC6.1", "CC6.6"]
#     iso-27001-2022: ["A.5.15", "A.8.3"]
#     fedramp: ["KSI-SCR-MIT", "KSI-CNA-MAT"]
#     cis-controls: ["3.3"]
#     nis2: ["11.2.2.a"]
#   params:
#     trusted_vpces:
#       type: array
#       items: {type: string}
#       description: VPC endpoints and VPCs whose traffic is trusted, as vpce-0123 or vpc-0123.
#       default: []
#     trusted_cidrs:
#       type: array
#       items: {type: string}
#       description: Networks from which any credentials are trusted, with all that lies inside them.
#       default: []
#   remediation:
#     action: ecr.set_repository_policy
#     mode: confirm
#     text: |
#       Remove the statement, or pin it to principals, an organisation or accounts with a
#       condition that cannot be missing. Edit that statement alone; the rest of the policy
#       stays.
package auditor.rules.access.no_public_principal

import data.auditor.lib.facts
import data.auditor.lib.networks
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-001"]

_fact := input.repository.access_policy

_access := input.derived.access

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the repository policy", "/repository/access_policy", _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "There is no repository policy: only the own account has access.", []) if {
	facts.absent(_fact)
} else := verdict.record_unknown("the content of the repository policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := _fail(_public, _sentence) if {
	count(_public) > 0
} else := _lower(_fail(_networks, _from_networks), "medium") if {
	some network in _untrusted(_networks)
	_address(network)
} else := _lower(_fail(_networks, _from_networks), "info") if {
	count(_networks) > 0
} else := _undecided if {
	count(_unclear) > 0
} else := verdict.record("pass", "No statement lets in every account.", [])

_grants := _access.value.grants

_public := {i |
	some i, grant in _grants
	grant.audience == "any_account"
	grant.certainty == "exact"
	count(grant.capabilities) > 0
}

# Anybody's credentials, but only from a network: open as far as that network is not trusted.
_networks := {i |
	some i in _from_network
	_grants[i].certainty == "exact"
	count(_grants[i].capabilities) > 0
}

_from_network := {i |
	some i, grant in _grants
	grant.audience == "network"
	count(_untrusted({i})) > 0
}

_untrusted(indexes) := {principal |
	some i in indexes
	some principal in _grants[i].principals
	not principal in _params.trusted_vpces
	not networks.inside(principal, _params.trusted_cidrs)
}

# An address range is one that others may use as well, which an endpoint of the own network is not.
_address(network) if contains(network, "/")

_address(network) if regex.match(`^[0-9.]+$`, network)

_address(network) if contains(network, ":")

# An audience is an upper bound: a doubtful grant to accounts cannot be one to everybody.
_unclear := {i |
	some i, grant in _grants
	grant.certainty == "unknown"
	grant.audience == "any_account"
} | {i | some i in _from_network; _grants[i].certainty == "unknown"}

_capabilities(indexes) := text.names({capability | some i in indexes; some capability in _grants[i].capabilities})

# Nobody gets a whole image: metadata only, or one of the two actions that a pull takes.
_no_content if {
	every i in _public { _grants[i].capabilities in [["metadata"], ["pull"], ["pull", "metadata"]] }
	count(_pulling) <= 1
	every i in _pulling { _grants[i].partial }
}

_pulling := {i | some i in _public; "pull" in _grants[i].capabilities}

_sentence := sprintf("Any AWS account can %s (%s).%s", [_capabilities(_public), _statements(_public), _besides]) if not _part

_sentence := sprintf("Any AWS account can pull in part (%s).%s", [_statements(_public), _besides]) if _part

_part if {
	_no_content
	count(_pulling) == 1
}

_from_networks := sprintf("Any AWS account can %s from %s (%s).%s", [_capabilities(_networks), from, _statements(_networks), _besides]) if {
	from := text.names(_untrusted(_networks))
}

# A failure hides a doubt about other statements: it is said.
_besides := "" if count(_unclear) == 0

_besides := sprintf(" It cannot be told who is let in by %s.", [_statements(_unclear)]) if count(_unclear) > 0

_statements(indexes) := concat(", ", sort({_statement(_grants[i]) | some i in indexes}))

_statement(grant) := sprintf("statement %s", [grant.sid]) if grant.sid != ""

_statement(grant) := sprintf("statement %d", [grant.statement]) if grant.sid == ""

_fail(indexes, message) := _graded(verdict.record("fail", message, evidence), indexes) if {
	evidence := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(indexes)])
}

_graded(failure, indexes) := _lower(failure, "high") if {
	indexes == _public
	_no_content
} else := failure

_lower(failure, severity) := object.union(failure, {"severity": severity})

_undecided := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is let in by %s: %s.", [_statements(_unclear), reasons]),
	"evidence": text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(_unclear)]),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
} if {
	reasons := text.names({_grants[i].reason | some i in _unclear})
}
