# METADATA
# title: Bound every suppression by reason and end date
# description: |
#   A suppression without an end hides findings for ever, and one for all images and all vulnerabilities hides
#   what nobody has looked at. Judged are the scanner's own suppressions (Inspector filters), VEX statements that
#   hide something here, and the waivers of REG-VUL rules. One whose end is over still hides findings at the
#   scanner, and fails; a VEX statement whose end is over hides nothing.
# custom:
#   id: REG-VUL-005
#   severity: medium
#   since: 0.2.0
#   inputs: [registry, waivers]
#   entity: suppression
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["RA-7", "SI-2", "SA-22"]
#     pci-dss-4: ["6.3.1"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["VER-TFR-MAV", "VER-RPT-AVI"]
#     essential-8: ["E8-2.8"]
#   low_confidence: ["essential-8:E8-2.8", "nist-800-53r5:SA-22"]
#   params:
#     max_days:
#       type: integer
#       minimum: 1
#       description: Days from the snapshot at which a suppression has to end at the latest.
#       default: 180
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Write the reason into the filter, tag it with owner and expires (YYYY-MM-DD), and name the
#       vulnerability and the repository in its criteria; or delete it. Edit a waiver in its file. A VEX file
#       gets owner and expires under scan_results in auditor.yaml.
package auditor.rules.vulnerabilities.suppressions_bounded

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-VUL-005"]

_day := 86400 * 1000000000

_now := time.parse_rfc3339_ns(input.now)

_latest := _now + (_params.max_days * _day)

# ---------------------------------------------------------------- at the scanner
_fact := fact if {
	input.entity == "registry"
	fact := object.get(input.registry, "suppressions", facts.not_collected("inspector2:ListFilters"))
}

_path := "/registry/suppressions"

verdicts contains verdict.record("not_applicable", "The auditor reads no suppressions of this kind of registry.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
}

verdicts contains verdict.record_unknown("the list of the scanner's suppressions", _path, _fact) if {
	facts.unknown(_fact)
	_fact.reason != "unsupported_by_platform"
}

verdicts contains verdict.record("not_applicable", "The registry's scanner has no suppressions.", []) if {
	facts.absent(_fact)
}

verdicts contains verdict.record("not_applicable", "The scanner suppresses nothing.", []) if {
	facts.known(_fact)
	count(_fact.value) == 0
}

verdicts contains _suppression(_path, i, suppression) if {
	facts.known(_fact)
	some i, suppression in _fact.value
}

# ---------------------------------------------------------------- VEX statements
verdicts contains _suppression("/derived/vex", i, suppression) if {
	input.entity == "registry"
	some i, suppression in object.get(input.derived, ["vex", "value"], [])
}

_suppression(path, i, suppression) := {
	"status": "fail",
	"resource_id": suppression.id,
	"message": sprintf("The suppression %s %s.", [suppression.name, concat(", ", sort(problems))]),
	"evidence": [facts.evidence(sprintf("%s/value/%d", [path, i]), suppression)],
} if {
	problems := _problems(suppression)
	count(problems) > 0
} else := {
	"status": "unknown",
	"resource_id": suppression.id,
	"message": sprintf("Cannot tell when the suppression %s ends: %s.", [suppression.name, suppression.expires.detail]),
	"evidence": [facts.evidence(sprintf("%s/value/%d/expires", [path, i]), suppression.expires)],
	"settle": ["a date (YYYY-MM-DD) in the filter's tag expires"],
} if {
	facts.unknown(suppression.expires)
} else := {"status": "pass", "resource_id": suppression.id}

_problems(suppression) := {problem | some problem in _all_problems(suppression); problem != ""}

_all_problems(suppression) := [
	_if("gives no reason", suppression.reason == ""),
	_if("names no owner", suppression.owner == ""),
	_end(suppression.expires),
	_if("is for all vulnerabilities of all images", _broad(suppression)),
]

_if(problem, true) := problem

_if(_, false) := ""

_broad(suppression) := count(named) == 0 if {
	named := [name |
		some field in ["vulnerabilities", "repositories", "packages", "images"]
		some name in object.get(suppression, field, [])
		not name in {"*", "**"}
	]
}

_end(fact) := "has no end" if facts.absent(fact)

_end(fact) := "" if facts.unknown(fact)

_end(fact) := _bounded(fact.value) if facts.known(fact)

_bounded(moment) := sprintf("ended on %s and still hides findings", [substring(moment, 0, 10)]) if {
	time.parse_rfc3339_ns(moment) < _now
} else := sprintf("ends more than %s from now, on %s", [days, substring(moment, 0, 10)]) if {
	time.parse_rfc3339_ns(moment) > _latest
	days := text.counted(_params.max_days, "day", "days")
} else := ""

# ---------------------------------------------------------------- in the waiver file
verdicts contains _waiver(i, waiver) if {
	input.entity == "waivers"
	some i, waiver in input.waivers
}

_waiver(i, waiver) := {"status": "not_applicable", "resource_id": waiver.resource_id} if {
	not _hides_vulnerabilities(waiver)
} else := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s %s.", [waiver.id, concat(", ", sort(problems))]),
	"evidence": [facts.evidence(sprintf("/waivers/%d", [i]), waiver)],
} if {
	problems := {problem | some problem in _waiver_problems(waiver); problem != ""}
	count(problems) > 0
} else := {"status": "pass", "resource_id": waiver.resource_id}

_hides_vulnerabilities(waiver) if {
	some rule in waiver.rules
	rule == "*"
}

_hides_vulnerabilities(waiver) if {
	some rule in waiver.rules
	startswith(rule, "REG-VUL-")
}

_waiver_problems(waiver) := [
	_if("gives no reason", trim_space(waiver.reason) == ""),
	_if("names no owner", trim_space(waiver.owner) == ""),
	_waiver_end(waiver),
	_if("is for all vulnerabilities of all images", _waiver_broad(waiver)),
]

# An expired waiver hides nothing, and is REG-WVR-001's matter.
_waiver_end(waiver) := sprintf("ends more than %s from now, on %s", [days, waiver.expires]) if {
	time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [waiver.expires])) > _latest
	days := text.counted(_params.max_days, "day", "days")
} else := ""

_waiver_broad(waiver) if {
	waiver.cve == ""

	# Nothing but the scheme, separators and wildcards.
	regex.match(`^(urn:cr:?)?[*?:/@]*$`, waiver.resource)
} else := false
