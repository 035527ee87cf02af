# METADATA
# title: Have no high vulnerability above the limit
# description: |
#   High vulnerabilities that have a fix should not stay. Where the scanner does not tell
#   whether there is a fix, as basic scanning does not, every one counts.
# custom:
#   id: REG-VUL-002
#   severity: high
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
#     fedramp: ["KSI-SCR-MIT"]
#     nis2: ["6.6.1.a"]
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
#     max_high:
#       type: integer
#       minimum: 0
#       description: How many an image may have.
#       default: 0
#     only_fixable:
#       type: boolean
#       description: Count only those with a fixed version; those whose fix is not known count too.
#       default: true
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
package auditor.rules.vulnerabilities.no_high

import data.auditor.lib.images
import data.auditor.lib.verdict
import data.auditor.lib.vulnerabilities

_params := data.params["REG-VUL-002"]

_rule := {
	"severity": "HIGH",
	"limit": _params.max_high,
	"params": _params,
}

verdicts contains verdict.record("not_applicable", "This registry does not scan images.", []) if images.never_scanned

verdicts contains v if {
	not images.never_scanned
	some v in vulnerabilities.verdicts(_rule)
}
