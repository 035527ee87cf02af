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
#     max_external_age_days:
#       type: integer
#       minimum: 1
#       description: Days within which a scanner outside the registry has to have scanned every image, to take its place.
#       default: 1
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

_active := data.context.registry.scanning.value.active

_active_path := "/context/registry/scanning/value/active"

_continuous if {
	_fact.value.tier == "enhanced"
	_fact.value.frequency == "continuous"
}

# Every image that can be deployed; of none there is nothing to tell.
_scanned_outside if {
	facts.known(input.images)
	wanted := [image | some image in input.images.value; image.kind == "image"; image.status == "active"]
	count(wanted) > 0
	count([image | some image in wanted; _lately(image)]) == count(wanted)
}

_lately(image) if {
	image.scan.value.external
	image.scan.value.state in {"complete", "active"}
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(image.scan.value.completed_at.value)
	age >= 0
	age <= (_params.max_external_age_days * 86400) * 1000000000
}

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry does not scan images itself.", []) if {
	not platform.has_scanning
} else := verdict.record("not_applicable", "Not a production repository.", []) if {
	production.state(_params) == "non-production"
} else := verdict.record_unknown("the effective scan setting", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("fail", "Continuous scanning is set, but the scanner behind it is off.", [facts.evidence(_active_path, _active)]) if {
	_continuous
	facts.known(_active)
	_active.value == false
} else := verdict.record_unknown("whether the scanner behind it is on", _active_path, _active) if {
	_continuous
	facts.unknown(_active)
} else := verdict.record("pass", "Images are scanned all the time.", []) if {
	_continuous
} else := verdict.record("pass", "A scanner outside the registry has looked at every image lately.", []) if {
	_scanned_outside
} else := production.unknown(_params) if {
	production.state(_params) == "undecided"
} else := verdict.record("fail", message, [facts.evidence("/repository/scanning/value", _fact.value)]) if {
	message := sprintf("A production repository has %s scanning (%s).", [_fact.value.tier, _fact.value.frequency])
} else := verdict.record("fail", "A production repository has no scanning.", [facts.evidence(_path, _fact)])
