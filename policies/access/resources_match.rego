# METADATA
# title: Write policy resources that match their actions
# description: |
#   A statement whose resource or principal cannot match looks like access control and does
#   nothing.
# custom:
#   id: REG-ACC-008
#   severity: medium
#   since: 0.1.0
#   inputs: [repository, account]
#   entity: repository
#   registries: [ecr, ecr_public]
#   frameworks:
#     nist-800-53r5: ["AC-3"]
#     cis-eks: ["5.1.3"]
#     soc2: ["CC6.3"]
#   low_confidence: ["cis-eks:5.1.3", "soc2:CC6.3"]
#   params: {}
#   remediation:
#     action: rewrite_policy
#     mode: confirm
#     text: |
#       Leave the Resource element out of repository policies, name principals by account or by
#       full ARN, and allow both actions that pulling takes. In the policy of an identity write
#       arn:aws:ecr:<region>:<account>:repository/<name>, and ecr:GetAuthorizationToken on *.
package auditor.rules.access.resources_match

import data.auditor.lib.policy_problems

_codes := {
	"fail": {
		"resource_element", "resource_empty", "resource_arn_invalid", "version_missing_with_variables",
		"principal_invalid", "network_private_useless", "action_needs_every_resource",
	},
	"low": {"pull_incomplete", "token_missing"},
	"unknown": set(),
}

_words := {
	"absent": "not_applicable",
	"pass": "Resources and principals fit their actions.",
	"fail": "Statements that cannot work as written",
}

verdicts contains v if some v in policy_problems.verdicts(_codes, _words)
