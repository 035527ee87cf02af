# METADATA
# title: Write policy resources that match their actions
# description: |
#   A statement whose resource or principal cannot match looks like access control and does
#   nothing.
# custom:
#   id: REG-ACC-008
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
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
#       full ARN, and allow both actions that pulling takes.
package auditor.rules.access.resources_match

import data.auditor.lib.policy_problems

_codes := {
	"fail": {"resource_element", "resource_empty", "resource_arn_invalid", "version_missing_with_variables", "principal_invalid", "network_private_useless"},
	"low": {"pull_incomplete"},
	"unknown": set(),
}

_words := {
	"absent": "not_applicable",
	"pass": "Resources and principals fit their actions.",
	"fail": "Statements that cannot work as written",
}

verdicts contains policy_problems.verdict(_codes, _words)
