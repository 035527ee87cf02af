# METADATA
# title: Use only IAM actions that exist
# description: |
#   An action that does not exist grants nothing, without any error; in a Deny it protects
#   nothing. ecr:GetImage is the usual one: pulling takes BatchGetImage and
#   GetDownloadUrlForLayer.
# custom:
#   id: REG-ACC-007
#   severity: medium
#   since: 0.1.0
#   inputs: [repository, registry, account]
#   entity: repository
#   registries: [ecr, ecr_public]
#   frameworks:
#     nist-800-53r5: ["AC-3", "AC-6"]
#     soc2: ["CC6.3"]
#     iso-27001-2022: ["A.5.18"]
#   low_confidence: ["soc2:CC6.3", "iso-27001-2022:A.5.18"]
#   params: {}
#   remediation:
#     action: rewrite_policy
#     mode: confirm
#     text: |
#       Replace the action by the one that was meant; for pulling that is ecr:BatchGetImage and
#       ecr:GetDownloadUrlForLayer.
package auditor.rules.access.actions_exist

import data.auditor.lib.policy_problems

_codes := {
	"fail": {"action_unknown", "action_malformed", "action_wrong_service", "action_not_for_repository"},
	"low": {"action_suspicious"},
	"unknown": {"action_unlisted"},
}

_words := {
	"absent": "not_applicable",
	"pass": "Every action exists.",
	"fail": "Actions that do not exist or do not fit here",
}

verdicts contains v if some v in policy_problems.verdicts(_codes, _words)
