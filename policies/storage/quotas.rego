# METADATA
# title: Stay below service quotas and expected growth
# description: |
#   A push fails when a quota is hit. Quotas are the account's own, as the platform tells them; where it does
#   not, a value given as a parameter takes their place. Growth is measured since an earlier snapshot (--since)
#   and brought to 30 days; less than a week tells too little.
# custom:
#   id: REG-STO-002
#   severity: low
#   since: 0.2.0
#   inputs: [registry]
#   entity: registry
#   registries: [all]
#   frameworks:
#     soc2: ["A1.1"]
#     iso-27001-2022: ["A.8.6"]
#   params:
#     warn_ratio:
#       type: number
#       exclusiveMinimum: 0
#       maximum: 1
#       description: Share of a quota from which on the rule fails.
#       default: 0.8
#     max_growth_pct:
#       type: ["number", "null"]
#       minimum: 0
#       description: Percent by which images or bytes may grow in 30 days; null leaves growth out.
#       default: 50
#     max_repositories:
#       type: ["integer", "null"]
#       minimum: 1
#       description: The quota on repositories, where the platform does not tell it.
#       default: null
#     max_images_per_repository:
#       type: ["integer", "null"]
#       minimum: 1
#       description: The quota on images in one repository, where the platform does not tell it.
#       default: null
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Delete what nobody needs (retention policies), or ask for more
#       (servicequotas:RequestServiceQuotaIncrease).
package auditor.rules.storage.quotas

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-STO-002"]

_quotas := object.get(input.registry, "quotas", facts.not_collected("servicequotas:ListServiceQuotas"))

_totals := object.get(input.derived, "totals", facts.not_collected("auditor:collect"))

_growth := object.get(input.derived, "growth", facts.not_collected("auditor:since"))

_day := 86400 * 1000000000

verdicts contains _verdict

# Registries whose owners have no quota of their own to run into, and that nobody counts.
_verdict := verdict.record("not_applicable", "This registry has no quotas that the auditor reads.", []) if {
	_quotas.state == "unknown"
	_quotas.reason == "unsupported_by_platform"
	_params.max_repositories == null
	_params.max_images_per_repository == null
} else := verdict.record("fail", message, text.capped(evidence)) if {
	failed := [part | some part in _parts; part.status == "fail"]
	count(failed) > 0
	message := sprintf("%s.", [concat("; ", [part.message | some part in failed])])
	evidence := [item | some part in failed; some item in part.evidence]
} else := object.union(verdict.record("unknown", message, text.capped(evidence)), {"settle": sort(settle)}) if {
	unknown := [part | some part in _parts; part.status == "unknown"]
	count(unknown) > 0
	message := sprintf("Cannot tell: %s.", [concat("; ", [part.message | some part in unknown])])
	evidence := [item | some part in unknown; some item in part.evidence]
	settle := {part.settle | some part in unknown}
} else := verdict.record("pass", "Below the quotas, and growing no faster than expected.", [])

_parts := [_repositories, _images, _grown]

# ---------------------------------------------------------------- quotas
_repositories := _of_quota("repositories", _total("repositories"), _limit("L-CFEB8E8D", "registered repositories"), "")

_images := part if {
	part := _of_quota("images in one repository", _total("largest_images"), _limit("L-03A36CE1", "images per repository"), _largest)
	part.status == "fail"
} else := {
	"status": "unknown",
	"message": sprintf("the images of %d repositories were not counted", [_totals.value.uncounted]),
	"evidence": [facts.evidence("/derived/totals/value/uncounted", _totals.value.uncounted)],
	"settle": "ecr:DescribeImages",
} if {
	_totals.value.uncounted > 0
} else := _of_quota("images in one repository", _total("largest_images"), _limit("L-03A36CE1", "images per repository"), _largest)

_largest := sprintf(" (%s)", [_totals.value.largest]) if {
	_totals.value.largest != ""
} else := ""

_total(name) := {"fact": _totals, "path": sprintf("/derived/totals/value/%s", [name]), "value": object.get(_totals, ["value", name], 0)}

# The quota as {value, evidence}; {} where neither the platform nor a parameter tells it.
_limit(code, name) := {"value": quota.value, "evidence": [facts.evidence(path, quota.value)]} if {
	facts.known(_quotas)
	positions := [i | some i, quota in _quotas.value; _is(quota, code, name)]
	count(positions) > 0
	quota := _quotas.value[positions[0]]
	path := sprintf("/registry/quotas/value/%d/value", [positions[0]])
} else := {"value": given, "evidence": []} if {
	given := _given(code)
	given != null
} else := {}

_given("L-CFEB8E8D") := _params.max_repositories

_given("L-03A36CE1") := _params.max_images_per_repository

_is(quota, code, _) if quota.code == code

_is(quota, _, name) if lower(quota.name) == name

_of_quota(what, total, limit, where) := {
	"status": "unknown",
	"message": sprintf("the number of %s was not counted (%s)", [what, object.get(total.fact, "reason", total.fact.state)]),
	"evidence": facts.unread_evidence("/derived/totals", total.fact),
	"settle": total.fact.source,
} if {
	not facts.known(total.fact)
} else := {
	"status": "unknown",
	"message": sprintf("the quota on %s was not read (%s)", [what, object.get(_quotas, "reason", "not in the answer")]),
	"evidence": facts.unread_evidence("/registry/quotas", _quotas),
	"settle": "servicequotas:ListServiceQuotas",
} if {
	limit == {}
} else := {
	"status": "fail",
	"message": sprintf("%d %s%s of a quota of %d, from %d%% on is too near", [
		total.value, what, where, floor(limit.value), round(_params.warn_ratio * 100),
	]),
	"evidence": array.concat([facts.evidence(total.path, total.value)], limit.evidence),
} if {
	total.value >= limit.value * _params.warn_ratio
} else := {"status": "pass"}

# ---------------------------------------------------------------- growth
_grown := {"status": "pass"} if {
	_params.max_growth_pct == null
} else := {
	"status": "unknown",
	"message": sprintf("growth was not measured (%s)", [object.get(_growth, "reason", "the earlier snapshot does not have this registry")]),
	"evidence": facts.unread_evidence("/derived/growth", _growth),
	"settle": "auditor collect --since",
} if {
	not facts.known(_growth)
} else := {
	"status": "unknown",
	"message": "the earlier snapshot is less than a week older, which tells too little of growth",
	"evidence": [facts.evidence("/derived/growth/value/since", _growth.value.since)],
	"settle": "auditor collect --since an older snapshot",
} if {
	_days < 7
} else := {
	"status": "fail",
	"message": concat("; ", sort([sprintf("%s grew by %d%% in 30 days, the limit is %v%%", [name, pct, _params.max_growth_pct]) | some name, pct in _percent])),
	"evidence": [facts.evidence("/derived/growth/value", _growth.value)],
} if {
	count(_percent) > 0
} else := {"status": "pass"}

_days := (time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(_growth.value.since)) / _day

# What grows too fast: its name and percent in 30 days. From nothing there is no percentage.
_percent[name] := round(pct) if {
	some name, field in {"images": "images", "bytes stored": "size_bytes"}
	before := _growth.value[sprintf("%s_before", [field])]
	before > 0
	pct := ((((_growth.value[field] - before) * 100) / before) * 30) / _days
	pct > _params.max_growth_pct
}
