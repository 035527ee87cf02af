# METADATA
# title: Do not push internal images to public registries
# description: |
#   What is pushed to a public registry has left the company. A public repository has to be listed;
#   one that holds an image which a private registry of the same snapshot holds too is the worst
#   case, since internal images were published.
# custom:
#   id: REG-USE-004
#   severity: high
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-22", "AC-4"]
#     soc2: ["CC6.7"]
#     iso-27001-2022: ["A.8.12", "A.5.14"]
#     fedramp: ["KSI-CNA-MAT"]
#   params:
#     allow_public:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Globs of repositories that may be public, by name or as public.ecr.aws/alias/name.
#       default: []
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Move the images to a private registry, delete the public repository
#       (ecr-public:DeleteRepository), and replace every secret that the images held.
package auditor.rules.usage.not_published

import data.auditor.lib.facts
import data.auditor.lib.public
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-USE-004"]

_fact := input.repository.visibility

_published := input.derived.published

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A private ECR registry serves nobody without an identity.", []) if {
	input.repository.registry.kind == "ecr"
} else := verdict.record_unknown("whether the repository is public", "/repository/visibility", _fact) if {
	not facts.known(_fact)
} else := verdict.record("not_applicable", "Not a public repository.", []) if {
	_fact.value == "private"
} else := verdict.record("pass", "The repository is public and meant to be.", []) if {
	public.allowed(_params.allow_public)
} else := verdict.record("fail", message, _shared) if {
	count(_shared) > 0
	what := text.counted(count(_published.value.images), "image of this public repository is", "images of this public repository are")
	message := sprintf("%s in a private registry too (%s).", [what, _where])
} else := object.union(_unlisted("no image of it is in the private registries that were read"), {"severity": "medium"}) if {
	# Only what was read entirely makes it less bad.
	facts.known(_published)
	_published.value.missing == []
} else := _unlisted("whether its images are internal ones was not read")

_unlisted(addition) := verdict.record("fail", sprintf("A public repository that is not listed as one; %s.", [addition]), [
	facts.evidence("/repository/visibility", _fact),
	facts.evidence("/derived/published", _published),
])

_shared := text.capped([facts.evidence(sprintf("/derived/published/value/images/%d", [i]), image) | some i, image in _published.value.images])

_where := text.names({identity | some image in _published.value.images; some identity in image.private})
