# METADATA
# title: Renew or remove expired waivers
# description: |
#   An expired waiver no longer hides anything, but it says that somebody meant to look again by
#   then.
# custom:
#   id: REG-WVR-001
#   severity: medium
#   since: 0.1.0
#   inputs: [waivers]
#   entity: waiver
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CA-5", "RA-7"]
#   low_confidence: ["nist-800-53r5:CA-5"]
#   params: {}
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Fix what was waived and remove the waiver, or have its owner renew it with a new date.
package auditor.rules.waivers.expired

import data.auditor.lib.facts

verdicts contains _verdict(i, waiver) if some i, waiver in input.waivers

_verdict(i, waiver) := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s expired on %s.", [waiver.id, waiver.expires]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/expires", [i]), waiver.expires)],
} if {
	waiver.expires < substring(input.now, 0, 10)
} else := {"status": "pass", "resource_id": waiver.resource_id}
