# METADATA
# title: Avoid policy constructs that grant more than they seem to
# description: |
#   The usual ways in which a policy that looks restricted is in fact open: negations, set
#   operators that are true for a missing key, conditions that the caller controls, networks
#   that hold everybody.
# custom:
#   id: REG-ACC-009
#   severity: high
#   since: 0.1.0
#   inputs: [repository, registry, account]
#   entity: repository
#   registries: [ecr, ecr_public]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-3", "AC-6"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.5.15"]
#   params: {}
#   remediation:
#     action: rewrite_policy
#     mode: confirm
#     text: |
#       Use a positive StringEquals or ArnLike on an identity key, with Null set to false where
#       the key can be missing, and name actions and principals.
package auditor.rules.access.no_weak_constructs

import data.auditor.lib.policy_problems

_codes := {
	"fail": {
		"allow_not_principal", "allow_not_action", "allow_not_resource", "weak_condition_if_exists",
		"weak_condition_for_all_values", "weak_condition_negated", "weak_condition_null",
		"weak_condition_any_network", "weak_condition_wildcard", "weak_condition_caller_controlled",
	},
	"low": {"deny_may_not_apply"},
	"unknown": {"element_unknown"},
}

_words := {
	"absent": "pass",
	"pass": "No construct grants more than it seems to.",
	"fail": "Constructs that grant more than they seem to",
}

verdicts contains v if some v in policy_problems.verdicts(_codes, _words)
