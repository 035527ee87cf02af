# METADATA
# title: Remove waivers that match nothing
# description: |
#   A waiver that matches no finding is a door left open for the next one.
# custom:
#   id: REG-WVR-002
#   severity: low
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
#       Remove the waiver, or correct its rule or its resource.
package auditor.rules.waivers.unused

import data.auditor.lib.facts

verdicts contains _verdict(i, waiver) if some i, waiver in input.waivers

_verdict(i, waiver) := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s matches no finding.", [waiver.id]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/resource", [i]), waiver.resource)],
} if {
	waiver.matched == 0
	waiver.expires >= substring(input.now, 0, 10)
} else := {"status": "pass", "resource_id": waiver.resource_id}
