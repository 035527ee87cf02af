# METADATA
# title: Have no critical vulnerability in any image
# description: |
#   A critical vulnerability in an image that can be deployed is an open door. An image that was
#   not scanned is unknown, not clean; an index is as bad as its worst platform.
# custom:
#   id: REG-VUL-001
#   severity: critical
#   since: 0.1.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["RA-5", "SI-2"]
#     cis-docker: ["4.4"]
#     pci-dss-4: ["6.3.1", "6.3.3", "11.3.1"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["KSI-SCR-MIT", "VDR-CSO-RES"]
#     ccc: ["CCC.CntrReg.CN01.AR01"]
#     nis2: ["6.6.1.a"]
#     essential-8: ["E8-1.5"]
#   low_confidence: ["essential-8:E8-1.5"]
#   params:
#     scope:
#       type: string
#       enum: [tagged, newest, all]
#       description: "tagged: tagged images and the children of tagged indexes; newest: the newest of these; all: untagged ones too."
#       default: tagged
#     newest_count:
#       type: integer
#       minimum: 1
#       description: How many, where scope is newest.
#       default: 10
#
#     max_critical:
#       type: integer
#       minimum: 0
#       description: How many an image may have.
#       default: 0
#     only_fixable:
#       type: boolean
#       description: Count only those with a fixed version; those whose fix is not known count too.
#       default: false
#     treat_undefined_as:
#       type: string
#       enum: [unknown, critical, high]
#       description: Whether findings without a severity count as this rule's severity.
#       default: unknown
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Rebuild on a patched base image, deploy the new digest, then remove the old image when
#       nothing uses it.
package auditor.rules.vulnerabilities.no_critical

import data.auditor.lib.images
import data.auditor.lib.verdict
import data.auditor.lib.vulnerabilities

_params := data.params["REG-VUL-001"]

_rule := {
	"severity": "CRITICAL",
	"limit": _params.max_critical,
	"params": _params,
}

verdicts contains verdict.record("not_applicable", "This registry does not scan images.", []) if images.never_scanned

verdicts contains v if {
	not images.never_scanned
	some v in vulnerabilities.verdicts(_rule)
}
