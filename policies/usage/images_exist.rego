# METADATA
# title: Run only images that still exist in the registry
# description: |
#   What runs keeps running while its image is gone; the next restart, scale-out or new node cannot
#   pull it. A tag that points to another image than the one that runs has drifted: the next start
#   brings something that nobody rolled out.
# custom:
#   id: REG-USE-002
#   severity: high
#   since: 0.2.0
#   inputs: [workload]
#   entity: workload
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["CM-8", "CP-10"]
#     soc2: ["A1.2"]
#   low_confidence: ["nist-800-53r5:CP-10"]
#   params: {}
#   remediation:
#     action: ecr.update_image_storage_class
#     mode: confirm
#     text: |
#       Restore an archived image (ecr:UpdateImageStorageClass, targetStorageClass STANDARD), push a
#       missing one again under its digest, or roll out one that exists. For a tag that has drifted:
#       deploy by digest.
package auditor.rules.usage.images_exist

import data.auditor.lib.facts
import data.auditor.lib.verdict

verdicts contains _verdict

_fact := input.derived.resolution

_path := "/derived/resolution"

_evidence := [
	facts.evidence("/workload/image", input.workload.image),
	facts.evidence(_path, _fact),
]

# What only may be started breaks nothing yet.
_severity := "high" if input.workload.running

_severity := "medium" if not input.workload.running

_next := "the next start fails" if input.workload.running

_next := "it could not be started" if not input.workload.running

_gone["repository_missing"] := "the registry has no such repository"

_gone["tag_missing"] := "the repository has no such tag"

_gone["digest_missing"] := "the repository does not hold that image any more"

_gone["archived"] := "the image is archived and cannot be pulled"

_verdict := _unresolved if {
	not facts.known(_fact)
} else := object.union(verdict.record("fail", message, _evidence), {"severity": _severity}) if {
	why := _gone[_fact.value.state]
	message := sprintf("%s names an image that cannot be pulled: %s; %s.", [_image, why, _next])
} else := _restoring if {
	_fact.value.state == "activating"
} else := object.union(verdict.record("fail", message, _evidence), {"severity": "medium"}) if {
	_fact.value.drift == "yes"
	message := sprintf("%s points to another image by now (%s) than the one that runs (%s).", [_image, _short(_fact.value.tag_digest), _short(_fact.value.digest)])
} else := _undrifted if {
	_fact.value.drift == "unknown"
} else := verdict.record("pass", "The image exists.", [])

_image := substring(input.workload.image, 0, 300)

_short(digest) := substring(digest, 0, 19)

_unresolved := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: what %s means is not known (%s).", [_image, _why]),
	"evidence": [facts.evidence(_path, _fact)],
	"settle": [_fact.source],
}

_why := _fact.detail if object.get(_fact, "detail", "") != ""

_why := object.get(_fact, "reason", "absent") if object.get(_fact, "detail", "") == ""

_restoring := {
	"status": "unknown",
	"resource_id": input.id,
	"message": "Cannot tell: the image is being restored from the archive.",
	"evidence": _evidence,
	"settle": ["the end of the restore"],
}

_undrifted := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("The image exists. Cannot tell whether %s still points to the one that runs.", [_image]),
	"evidence": _evidence,
	"settle": ["the digest that runs, and the platforms of the index that the tag points to"],
}
