# METADATA
# title: Keep scan results fresh
# description: |
#   A clean result from last year says nothing. Judged are images in use and the newest tagged ones. An image
#   that is scanned all the time is fresh; one whose time for scanning has run out is stale. Of a scan made
#   outside the registry the date of the vulnerability database counts, where it is told.
# custom:
#   id: REG-SCN-004
#   severity: medium
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["RA-5", "RA-5(2)"]
#     pci-dss-4: ["11.3.1"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["VDR-CSO-DET"]
#     essential-8: ["E8-1.3", "E8-2.3"]
#   params:
#     max_scan_age_days:
#       type: integer
#       minimum: 1
#       description: Days that a scan may be old.
#       default: 7
#     newest:
#       type: integer
#       minimum: 1
#       description: How many of the newest tagged images are judged beside those in use.
#       default: 10
#   remediation:
#     action: ecr.start_image_scan
#     mode: auto
#     text: |
#       Start a scan by digest (ecr:StartImageScan, basic scanning only, once a day for an image), or
#       use continuous scanning.
package auditor.rules.scanning.scan_fresh

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.indexes
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-SCN-004"]

_day := 86400 * 1000000000

_now := time.parse_rfc3339_ns(input.now)

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains verdict.record("not_applicable", "This registry does not scan images.", []) if images.never_scanned

verdicts contains v if {
	not images.never_scanned
	facts.known(input.images)
	some i, image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _outside
	v := _verdict(i, image)
}

verdicts contains {"status": "not_applicable", "resource_id": concat("@", [input.id, digest])} if {
	not images.never_scanned
	some digest in _outside
}

# The images that nobody asks about, which are most: found without calling a function for each.
_outside contains image.digest if {
	some image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _scope
}

_scope := usage.digests | images.scope({"scope": "newest", "newest_count": _params.newest})

_verdict(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := indexes.worst(i, image, _judged, "without a fresh scan") if {
	image.kind == "index"
} else := _judged[image.digest]

_judged[image.digest] := _image(i, image) if {
	some i, image in input.images.value
	image.kind == "image"
}

_image(i, image) := verdict.image_unknown(image, "the scan result", sprintf("/images/value/%d/scan", [i]), image.scan) if {
	facts.unknown(image.scan)
} else := verdict.image_unsettled(image, "Cannot tell: the image was never scanned.", [facts.evidence(path, image.scan)], ["a scan of the image"]) if {
	facts.absent(image.scan)
	path := sprintf("/images/value/%d/scan", [i])
} else := verdict.image_pass(image) if {
	image.scan.value.state == "active"
} else := verdict.image_not_applicable(image) if {
	image.scan.value.state == "archived"
} else := verdict.image(image, "fail", message, [_state(i, image)]) if {
	image.scan.value.state == "expired"
	object.get(image.scan.value, "external", false)
	message := sprintf("No scan is recent enough: %s%s.", [image.scan.value.detail, usage.phrase(image.digest)])
} else := verdict.image(image, "fail", message, [_state(i, image)]) if {
	image.scan.value.state == "expired"
	message := sprintf("It is no longer scanned: its time for scanning is over%s.", [usage.phrase(image.digest)])
} else := verdict.image_unsettled(image, message, [_state(i, image)], ["a completed scan of the image"]) if {
	image.scan.value.state != "complete"
	message := sprintf("Cannot tell: there is no scan to date (%s).", [image.scan.value.state])
} else := _dated(i, image, _date(image.scan.value))

# What counts as the scan's date, and where it stands.
_date(scan) := {"name": "database_at", "fact": scan.database_at} if {
	object.get(scan, "external", false)
	facts.known(object.get(scan, "database_at", _untold))
} else := {"name": "completed_at", "fact": object.get(scan, "completed_at", _untold)}

_untold := {"state": "absent", "source": "the scanner"}

_dated(i, image, date) := verdict.image_unknown(image, "when it was scanned", _date_path(i, date), date.fact) if {
	not facts.known(date.fact)
} else := verdict.image_unsettled(image, message, [_dated_evidence(i, date)], ["a scan with a time that is over"]) if {
	_age(date) < 0
	message := "Cannot tell: the scan lies in the future."
} else := verdict.image(image, "fail", message, [_dated_evidence(i, date)]) if {
	_age(date) > _params.max_scan_age_days * _day
	days := floor(_age(date) / _day)
	message := sprintf("The last scan is %s old, the limit is %s%s.", [
		text.counted(days, "day", "days"), text.counted(_params.max_scan_age_days, "day", "days"), usage.phrase(image.digest),
	])
} else := verdict.image_pass(image)

_age(date) := _now - time.parse_rfc3339_ns(date.fact.value)

_date_path(i, date) := sprintf("/images/value/%d/scan/value/%s", [i, date.name])

_dated_evidence(i, date) := facts.evidence(_date_path(i, date), date.fact)

_state(i, image) := facts.evidence(sprintf("/images/value/%d/scan/value/state", [i]), image.scan.value.state)
