# METADATA
# title: Scan every repository on push or continuously
# description: |
#   An unscanned push is an unknown risk. What counts is the effective setting: a registry-wide
#   rule overrules the repository's own flag, which only matters for basic scanning.
# custom:
#   id: REG-SCN-001
#   severity: high
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, acr, gar, artifactory, quay]
#   frameworks:
#     aws-fsbp: ["ECR.1"]
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["RA-5"]
#     cis-eks: ["5.1.1"]
#     cis-docker: ["4.4"]
#     cis-controls: ["7.5"]
#     pci-dss-4: ["6.2.3", "6.2.4", "6.3.1", "11.3.1"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["KSI-SCR-MIT", "VDR-CSO-DET", "VDR-CSO-DAC"]
#     ccc: ["CCC.CntrReg.CN01.AR01"]
#     essential-8: ["E8-1.2"]
#   params: {}
#   remediation:
#     action: ecr.put_registry_scanning_configuration
#     mode: auto
#     text: |
#       Set registry-wide scanning with a filter that takes in every repository
#       (ecr:PutRegistryScanningConfiguration). Enhanced scanning costs money: confirm first.
package auditor.rules.scanning.scan_on_push

import data.auditor.lib.facts
import data.auditor.lib.platform
import data.auditor.lib.verdict

_fact := input.repository.scanning

_path := "/repository/scanning"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry does not scan images itself.", []) if {
	not platform.has_scanning
} else := verdict.record_unknown("the effective scan setting", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("fail", "No scanning is set.", [facts.evidence(_path, _fact)]) if {
	facts.absent(_fact)
} else := verdict.record("fail", "Images are scanned only by hand.", [facts.evidence(path, "manual")]) if {
	_fact.value.frequency == "manual"
	path := "/repository/scanning/value/frequency"
} else := verdict.record("fail", "Scanning is off.", [facts.evidence(path, "none")]) if {
	_fact.value.tier == "none"
	path := "/repository/scanning/value/tier"
} else := verdict.record("pass", "Images are scanned when they are pushed, or all the time.", []) if {
	_fact.value.frequency in {"on_push", "continuous"}
} else := verdict.record("fail", message, [facts.evidence(path, _fact.value.frequency)]) if {
	message := sprintf("Images are scanned %s, not on every push.", [_fact.value.frequency])
	path := "/repository/scanning/value/frequency"
}
