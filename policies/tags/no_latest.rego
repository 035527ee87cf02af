# METADATA
# title: Keep the latest tag out of production repositories
# description: |
#   latest names no version, so neither a deployment nor a rollback can be repeated. In a
#   repository with immutable tags it stays on the first push for ever.
# custom:
#   id: REG-TAG-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["CM-2"]
#     soc2: ["CC8.1"]
#     iso-27001-2022: ["A.8.9"]
#   params:
#     floating_tags:
#       type: array
#       items: {type: string}
#       description: Tags that name no version.
#       default: [latest]
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
#     action: ecr.batch_delete_tag
#     mode: confirm
#     text: |
#       Deploy by version or digest, then remove the tag. Remove it only when its digest has
#       another tag: deleting the last tag deletes the image.
package auditor.rules.tags.no_latest

import data.auditor.lib.facts
import data.auditor.lib.platform
import data.auditor.lib.production
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-TAG-001"]

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A pull-through cache carries its upstream's tags.", []) if {
	platform.is_proxy
} else := verdict.record("not_applicable", "Not a production repository.", []) if {
	production.state(_params) == "non-production"
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := verdict.record("pass", "No floating tag.", []) if {
	count(_found) == 0
} else := verdict.record_unknown("whether this is a pull-through cache", "/repository/hosting", input.repository.hosting) if {
	platform.may_be_proxy
} else := production.unknown(_params) if {
	production.state(_params) == "undecided"
} else := verdict.record("fail", message, text.capped([facts.evidence(path, tag) | some path, tag in _found])) if {
	carried := {tag | some tag in _found}
	message := sprintf("A production repository carries the %s.", [_tags(carried)])
}

_tags(carried) := sprintf("tag %s", [text.names(carried)]) if count(carried) == 1

_tags(carried) := sprintf("tags %s", [text.names(carried)]) if count(carried) > 1

_floating := {tag | some tag in _params.floating_tags}

_found[path] := tag if {
	some i, image in input.images.value
	some j, tag in image.tags
	tag in _floating
	path := sprintf("/images/value/%d/tags/%d", [i, j])
}
