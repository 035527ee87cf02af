# METADATA
# title: Give release images a version tag
# description: |
#   An image without a version tag cannot be told from another build. Untagged children of an index
#   have the tags of their index. OCI tags cannot hold a plus sign, so semantic versions come without
#   build metadata.
# custom:
#   id: REG-TAG-002
#   severity: low
#   since: 0.1.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-2", "CM-8"]
#     nist-800-190: ["4.2.2"]
#     iso-27001-2022: ["A.8.32"]
#   params:
#     version_regex:
#       type: string
#       format: regex
#       description: What a version tag looks like.
#       default: '^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$'
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
#     action: ecr.put_image_tag
#     mode: confirm
#     text: |
#       Put a version tag on the manifest (ecr:BatchGetImage, then ecr:PutImage with the same
#       manifest and imageTag=vX.Y.Z), and let the pipeline do so at every release.
package auditor.rules.tags.version_tag

import data.auditor.lib.extent
import data.auditor.lib.facts
import data.auditor.lib.production
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-TAG-002"]

_state := production.state(_params)

_production if _state != "non-production"

verdicts contains verdict.record("not_applicable", "Not a production repository.", []) if not _production

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if {
	_production
	not facts.known(input.images)
}

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, digest])} if {
	_production
	some digest in _versioned
}

verdicts contains _judge(i, image) if {
	_production
	some i, image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _versioned
}

# The images that pass at first sight: found without calling a function for each.
_versioned contains image.digest if {
	some image in input.images.value
	image.status != "archived"
	image.kind in {"image", "index"}
	some tag in image.tags
	regex.match(_params.version_regex, tag)
}

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_pass(image) if {
	image.tags == []
	image.digest in _inheriting
} else := verdict.image_unknown(image, "whether an index with a version tag holds this image", path, fact) if {
	image.tags == []
	count(_unread) > 0
	[path, fact] := _unread[0]
} else := verdict.image_unknown(image, "which other tags the image has", "/extent/other_tags", extent.other_tags) if {
	extent.other_tags.state == "unknown"
} else := verdict.image_unknown(image, "whether an index with a version tag holds this image", "/extent/other_images", extent.other_images) if {
	image.tags == []
	extent.other_images.state == "unknown"
} else := verdict.image_unknown(image, what, path, fact) if {
	_state == "undecided"
	[what, path, fact] := production.undecided(_params)
} else := verdict.image(image, "fail", _message(image), [facts.evidence(path, image.tags)]) if {
	path := sprintf("/images/value/%d/tags", [i])
}

_message(image) := "The image has no tag." if image.tags == []

_message(image) := sprintf("No tag names a version: %s.", [text.names(image.tags)]) if image.tags != []

# Indexes that carry a version tag, which their untagged children inherit.
_versioned_index[i] := image if {
	some i, image in input.images.value
	image.kind == "index"
	some tag in image.tags
	regex.match(_params.version_regex, tag)
}

_inheriting contains child.digest if {
	some image in _versioned_index
	some child in image.children.value
}

# Pointer and fact of those whose children were not read: an untagged image may be one of them.
_unread := [[path, image.children] |
	some i, image in _versioned_index
	image.children.state != "known"
	path := sprintf("/images/value/%d/children", [i])
]
