# METADATA
# title: Have a completed scan for every deployable image
# description: |
#   A missing scan is not a clean scan. Each deployable image needs a completed one; an index
#   needs it for every platform.
# custom:
#   id: REG-SCN-003
#   severity: high
#   since: 0.1.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["RA-5"]
#     cis-eks: ["5.1.1"]
#     pci-dss-4: ["6.3.1", "11.3.1"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.8", "A.8.29"]
#     fedramp: ["VDR-CSO-DET", "VDR-CSO-FAV"]
#     ccc: ["CCC.CntrReg.CN01.AR01"]
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
#     pending_hours:
#       type: integer
#       minimum: 0
#       description: Hours after the push in which a scan may be pending.
#       default: 24
#     accept_external:
#       type: boolean
#       description: Whether a scan made by a scanner outside the registry counts.
#       default: true
#   remediation:
#     action: ecr.start_image_scan
#     mode: auto
#     text: |
#       Start a scan (ecr:StartImageScan, basic scanning only, once a day for an image), or turn
#       on scanning for the registry. Images that the scanner does not support need another one.
package auditor.rules.scanning.scan_complete

import data.auditor.lib.facts
import data.auditor.lib.findings
import data.auditor.lib.images
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-SCN-003"]

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains verdict.record("not_applicable", "This registry does not scan images.", []) if images.never_scanned

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, digest])} if some digest in _done

verdicts contains _judge(i, image) if {
	not images.never_scanned
	some i, image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _done
}

_scope := images.scope(_params)

# The images that pass at first sight, which most do: found without calling a function for each.
_done contains image.digest if {
	some image in input.images.value
	image.scan.value.state in {"complete", "active"}
	image.status == "active"
	image.kind == "image"
	image.digest in _scope
	_accepted(image)
}

_accepted(image) if object.get(image.scan.value, "external", false) == false

_accepted(_) if _params.accept_external

_judge(i, image) := _image(i, image) if image.kind == "image"

_judge(i, image) := _index(i, image) if image.kind == "index"

_image(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := verdict.image_pass(image) if {
	image.scan.value.state in {"complete", "active"}
	_accepted(image)
} else := verdict.image(image, "fail", message, [facts.evidence(path, true)]) if {
	image.scan.value.state in {"complete", "active"}
	path := sprintf("/images/value/%d/scan/value/external", [i])
	message := sprintf("Only a scanner outside the registry has scanned it%s.", [usage.phrase(image.digest)])
} else := verdict.image_not_applicable(image) if {
	image.scan.value.state == "archived"
} else := verdict.image_unknown(image, "the scan result", sprintf("/images/value/%d/scan", [i]), image.scan) if {
	facts.unknown(image.scan)
} else := verdict.image(image, "fail", message, [facts.evidence(path, image.scan)]) if {
	facts.absent(image.scan)
	message := sprintf("The image was never scanned%s.", [usage.phrase(image.digest)])
	path := sprintf("/images/value/%d/scan", [i])
} else := verdict.image(image, "fail", message, [_state(i, image)]) if {
	image.scan.value.state in {"failed", "unsupported", "expired"}
	message := sprintf("There is no usable scan: %s (%s)%s.", [
		image.scan.value.state, image.scan.value.detail, usage.phrase(image.digest),
	])
} else := verdict.image(image, "fail", message, [_state(i, image)]) if {
	image.scan.value.state == "pending"
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(image.pushed_at.value)
	age > (_params.pending_hours * 3600) * 1000000000
	hours := text.counted(_params.pending_hours, "hour", "hours")
	message := sprintf("The scan is pending more than %s after the push%s.", [hours, usage.phrase(image.digest)])
} else := findings.unfinished(i, image) if {
	image.scan.value.state == "unread"
} else := _pending(i, image)

_pending(i, image) := verdict.image_unsettled(image, "Cannot tell: the scan has not finished.", [_state(i, image)], ["the end of the scan"])

_state(i, image) := facts.evidence(path, image.scan.value.state) if {
	path := sprintf("/images/value/%d/scan/value/state", [i])
}

# An index is worth what its platforms are; the registry does not scan the index itself.
_index(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := verdict.image_unknown(image, "the list of platforms", sprintf("/images/value/%d/children", [i]), image.children) if {
	not facts.known(image.children)
} else := verdict.image(image, "fail", message, [_children(i, image)]) if {
	statuses := _platforms(image)
	count(statuses.fail) > 0
	platforms := text.counted(count(statuses.fail), "platform", "platforms")
	message := sprintf("%s without a completed scan%s.", [platforms, usage.phrase(image.digest)])
} else := _index_unknown(i, image) if {
	count(_platforms(image).unknown) > 0
} else := verdict.image_pass(image)

_platforms(image) := {
	"fail": [d | some d in digests; object.get(_status, d, "unread") == "fail"],
	"unknown": [d | some d in digests; object.get(_status, d, "unread") in {"unread", "unknown"}],
} if {
	digests := {child.digest | some child in image.children.value; child.kind == "image"}
}

_status[digest] := status if {
	some i, image in input.images.value
	image.kind == "image"
	digest := image.digest
	status := _image(i, image).status
}

_index_unknown(i, image) := verdict.image_unsettled(image, "Cannot tell: the scan of a platform is not known.", [_children(i, image)], ["the scans of its platforms"])

_children(i, image) := facts.evidence(sprintf("/images/value/%d/children", [i]), image.children)
