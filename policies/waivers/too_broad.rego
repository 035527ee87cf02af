# METADATA
# title: Keep waivers narrow
# description: |
#   A waiver for every rule, every resource or very many findings hides what nobody has looked
#   at.
# custom:
#   id: REG-WVR-003
#   severity: medium
#   since: 0.1.0
#   inputs: [waivers]
#   entity: waiver
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CA-5", "RA-7"]
#   low_confidence: ["nist-800-53r5:CA-5"]
#   params:
#     max_matched:
#       type: integer
#       minimum: 1
#       description: Findings that one waiver may cover.
#       default: 50
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Write one waiver for each accepted case, with the rule and the resource that it is
#       about.
package auditor.rules.waivers.too_broad

import data.auditor.lib.facts

_params := data.params["REG-WVR-003"]

verdicts contains _verdict(i, waiver) if some i, waiver in input.waivers

_verdict(i, waiver) := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s is for every rule.", [waiver.id]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/rules", [i]), waiver.rules)],
} if {
	"*" in waiver.rules
} else := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s is for every resource (%s).", [waiver.id, waiver.resource]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/resource", [i]), waiver.resource)],
} if {
	# Nothing but the scheme, separators and wildcards.
	regex.match(`^(urn:cr:?)?[*?:/@]*$`, waiver.resource)
} else := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s covers %d findings.", [waiver.id, waiver.matched]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/matched", [i]), waiver.matched)],
} if {
	waiver.matched > _params.max_matched
} else := {"status": "pass", "resource_id": waiver.resource_id}
