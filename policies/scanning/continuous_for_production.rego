# METADATA
# title: Use continuous (enhanced) scanning for production
# description: |
#   New vulnerabilities become known after the push. A basic scan looks at operating system
#   packages, once; enhanced scanning looks again whenever something new is published.
# custom:
#   id: REG-SCN-002
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, gar, acr]
#   frameworks:
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["RA-5", "RA-5(2)", "SI-4"]
#     pci-dss-4: ["11.3.1"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["KSI-SCR-MON", "VDR-CSO-ADT", "VDR-TFR-PDD"]
#     essential-8: ["E8-1.3"]
#   low_confidence: ["fedramp:VDR-TFR-PDD"]
#   params:
#     prod_selectors:
#       type: object
#       description: A repository that one of these matches is production.
#       default: {names: ["*prod*"], resource_tags: {env: [prod, production], environment: [prod, production]}, tags: ["v*", "release*"]}
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#     nonprod_selectors:
#       type: object
#       description: Otherwise, a repository that one of these matches is not production.
#       default:
#         names: ["dev/*", "*-dev", "test/*", "*-test", "sandbox/*", "*-sandbox", "staging/*", "*-staging"]
#         resource_tags: {env: [dev, development, test, testing, staging, sandbox, qa], environment: [dev, development, test, testing, staging, sandbox, qa]}
#         tags: []
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#   remediation:
#     action: ecr.put_registry_scanning_configuration
#     mode: confirm
#     text: |
#       Turn on enhanced scanning with CONTINUOUS_SCAN for production repositories
#       (ecr:PutRegistryScanningConfiguration). It costs money for each image.
package auditor.rules.scanning.continuous_for_production

import data.auditor.lib.facts
import data.auditor.lib.platform
import data.auditor.lib.production
import data.auditor.lib.verdict

_params := data.params["REG-SCN-002"]

_fact := input.repository.scanning

_path := "/repository/scanning"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry does not scan images itself.", []) if {
	not platform.has_scanning
} else := verdict.record("not_applicable", "Not a production repository.", []) if {
	production.state(_params) == "non-production"
} else := verdict.record_unknown("the effective scan setting", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "Images are scanned all the time.", []) if {
	_fact.value.tier == "enhanced"
	_fact.value.frequency == "continuous"
} else := production.unknown(_params) if {
	production.state(_params) == "undecided"
} else := verdict.record("fail", message, [facts.evidence("/repository/scanning/value", _fact.value)]) if {
	message := sprintf("A production repository has %s scanning (%s).", [_fact.value.tier, _fact.value.frequency])
} else := verdict.record("fail", "A production repository has no scanning.", [facts.evidence(_path, _fact)])
