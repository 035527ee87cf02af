# METADATA
# title: Record registry management and data events
# description: |
#   Without a record, who pushed, moved or deleted a tag cannot be found out. ECR's calls, pushes included,
#   are management events: a trail of all regions has to record them, read and write, with protected files.
#   How long the files are kept is judged only where it was read; the auditor does not look into buckets.
# custom:
#   id: REG-MON-001
#   severity: medium
#   since: 0.2.0
#   inputs: [registry]
#   entity: registry
#   registries: [ecr, harbor, acr, gar, artifactory, quay]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AU-2", "AU-12", "AC-2(4)"]
#     pci-dss-4: ["10.2.1"]
#     soc2: ["CC7.2"]
#     iso-27001-2022: ["A.8.15"]
#     fedramp: ["KSI-MLA-LET"]
#     nis2: ["3.2.1"]
#   params:
#     min_retention_days:
#       type: integer
#       minimum: 1
#       description: Days for which what is recorded has to be kept, where that was read.
#       default: 365
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Have one trail for all regions that records management events, read and write, with log file
#       validation (cloudtrail:CreateTrail); best one of the organisation.
package auditor.rules.monitoring.audit_trail

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-MON-001"]

_fact := object.get(input.registry, "trails", facts.not_collected("cloudtrail:DescribeTrails"))

_path := "/registry/trails"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This kind of registry keeps no audit trail that the auditor reads.", []) if {
	not input.registry.kind in {"ecr", "harbor", "acr", "gar", "artifactory", "quay"}
} else := verdict.record("not_applicable", "This registry keeps no audit trail.", []) if {
	_fact.state == "unknown"
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the list of trails", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("fail", "No trail records calls to the registry.", [facts.evidence(_path, _fact)]) if {
	count(_trails) == 0
} else := verdict.record("pass", message, []) if {
	good := [trail | some i, trail in _trails; count(_problems(trail)) == 0; count(_doubts(i, trail)) == 0]
	count(good) > 0
	message := sprintf("A trail records calls to the registry in all regions%s.", [_kept(good[0])])
} else := object.union(verdict.record("unknown", message, evidence), {"settle": sort(settle)}) if {
	doubts := [doubt | some i, trail in _trails; count(_problems(trail)) == 0; some doubt in _doubts(i, trail)]
	count(doubts) > 0
	message := sprintf("Cannot tell: of the trail %s was not read %s.", [doubts[0].trail, text.names({doubt.what | some doubt in doubts})])
	evidence := text.capped([facts.evidence(doubt.path, doubt.fact) | some doubt in doubts])
	settle := {doubt.fact.source | some doubt in doubts}
} else := object.union(_failure, {"severity": "low"}) if {
	# Recorded it is, only not everywhere: a trail of this region alone.
	local := [trail | some i, trail in _trails; _problems(trail) == {_one_region}; count(_doubts(i, trail)) == 0]
	count(local) > 0
} else := _failure

_trails := _fact.value if facts.known(_fact)

_trails := [] if facts.absent(_fact)

_failure := verdict.record("fail", message, evidence) if {
	message := sprintf("No trail records calls to the registry in full: %s.", [text.names({line |
		some trail in _trails
		line := sprintf("%s %s", [_name(trail), concat(" and ", sort(_problems(trail)))])
	})])
	evidence := text.capped([facts.evidence(sprintf("%s/value/%d", [_path, i]), trail) | some i, trail in _trails])
}

_one_region := "is of one region only"

_problems(trail) := {problem | some problem in _all(trail); problem != ""}

_all(trail) := [
	_if(_one_region, trail.multi_region == false),
	_if("is switched off", object.get(trail.logging, "value", true) == false),
	_if("does not record management events, read and write", object.get(trail.management_events, "value", true) == false),
	_if("does not protect its files against change", trail.validation == false),
	_if("could not deliver its files", object.get(trail, "delivery_error", "") != ""),
	_if("does not keep its files long enough", object.get(trail, ["retention_days", "value"], _params.min_retention_days) < _params.min_retention_days),
]

_if(problem, true) := problem

_if(_, false) := ""

_doubts(i, trail) := [{"trail": _name(trail), "what": what, "path": path, "fact": trail[field]} |
	some field, what in {"logging": "whether it is on", "management_events": "what it records"}
	not facts.known(trail[field])
	path := sprintf("%s/value/%d/%s", [_path, i, field])
]

_name(trail) := parts[count(parts) - 1] if parts := split(trail.id, "/")

_kept(trail) := "" if object.get(trail, ["retention_days", "state"], "unknown") != "unknown"

_kept(trail) := "; how long it is kept was not read" if object.get(trail, ["retention_days", "state"], "unknown") == "unknown"
