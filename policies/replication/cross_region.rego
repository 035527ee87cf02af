# METADATA
# title: Replicate production repositories to another region
# description: |
#   When a region fails, a workload that scales out cannot pull from it. Production repositories
#   need a copy in another region.
# custom:
#   id: REG-REP-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, acr, gar, artifactory]
#   frameworks:
#     nist-800-53r5: ["CP-6", "CP-9", "CP-10"]
#     soc2: ["A1.2"]
#     iso-27001-2022: ["A.8.14"]
#     fedramp: ["KSI-CNA-OFA"]
#     nis2: ["4.2.2.b"]
#   low_confidence: ["nist-800-53r5:CP-9", "nis2:4.2.2.b"]
#   params:
#     min_destinations:
#       type: integer
#       minimum: 1
#       description: Other regions that must hold a copy.
#       default: 1
#     single_region_ok:
#       type: array
#       items: {type: string}
#       description: Globs of repositories that may stay in one region.
#       default: []
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
#     action: ecr.put_replication_configuration
#     mode: confirm
#     text: |
#       Add a replication rule for the repository's prefix (ecr:PutReplicationConfiguration).
#       The call replaces the whole configuration: keep the rules that are there.
package auditor.rules.replication.cross_region

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.platform
import data.auditor.lib.production
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-REP-001"]

_fact := data.context.registry.replication

_path := "/context/registry/replication"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A pull-through cache can be filled again.", []) if {
	platform.is_proxy
} else := verdict.record("not_applicable", "Not a production repository.", []) if {
	production.state(_params) == "non-production"
} else := verdict.record("not_applicable", "Listed as fine in one region.", []) if {
	regex.match(globs.union(_params.single_region_ok), input.repository.name)
} else := verdict.record("not_applicable", "This registry has no replication.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the replication configuration", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "Replicated to enough other regions.", []) if {
	count(_regions) >= _params.min_destinations
} else := verdict.record_unknown("whether this is a pull-through cache", "/repository/hosting", input.repository.hosting) if {
	platform.may_be_proxy
} else := production.unknown(_params) if {
	production.state(_params) == "undecided"
} else := verdict.record("fail", message, [facts.evidence(_path, _fact)]) if {
	message := sprintf("Replicated to %s; the minimum is %d.", [_said, _params.min_destinations])
}

_said := "no other region" if count(_regions) == 0

_said := sprintf("one other region (%s)", [text.names(_regions)]) if count(_regions) == 1

_said := sprintf("%d other regions (%s)", [count(_regions), text.names(_regions)]) if count(_regions) > 1

_regions contains destination.region if {
	some rule in _fact.value
	_takes(rule)
	some destination in rule.destinations
	destination.region != input.repository.registry.region
}

_takes(rule) if rule.filters == []

_takes(rule) if {
	some filter in rule.filters
	filter.kind == "prefix"
	startswith(input.repository.name, filter.pattern)
}

_takes(rule) if {
	some filter in rule.filters
	filter.kind == "glob"
	regex.match(globs.union([filter.pattern]), input.repository.name)
}
