# METADATA
# title: Keep waivers narrow
# description: |
#   A waiver for every rule, for very many findings, or for resources that it does not pin down
#   hides what nobody has looked at, today's and tomorrow's. A pattern has to spell out a whole name
#   or a digest, or else the kind of registry, the account and a part of a name; one for files a part
#   of their path.
# custom:
#   id: REG-WVR-003
#   severity: medium
#   since: 0.1.0
#   inputs: [waivers]
#   entity: waiver
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CA-5", "RA-7"]
#   low_confidence: ["nist-800-53r5:CA-5"]
#   params:
#     max_matched:
#       type: integer
#       minimum: 1
#       description: Findings that one waiver may cover.
#       default: 50
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Write one waiver for each accepted case, with the rule and the resource that it is
#       about.
package auditor.rules.waivers.too_broad

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text

_params := data.params["REG-WVR-003"]

verdicts contains _verdict(i, waiver) if some i, waiver in input.waivers

_verdict(i, waiver) := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s is for every rule.", [waiver.id]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/rules", [i]), waiver.rules)],
} if {
	"*" in waiver.rules
} else := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s pins down neither a name nor an account and a part of a name (%s).", [waiver.id, waiver.resource]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/resource", [i]), waiver.resource)],
} if {
	not _narrow(waiver.resource)
} else := {
	"status": "fail",
	"resource_id": waiver.resource_id,
	"message": sprintf("The waiver %s covers %s.", [waiver.id, text.counted(waiver.matched, "finding", "findings")]),
	"evidence": [facts.evidence(sprintf("/waivers/%d/matched", [i]), waiver.matched)],
} if {
	waiver.matched > _params.max_matched
} else := {"status": "pass", "resource_id": waiver.resource_id}

# Without a wildcard it is one resource.
_narrow(glob) if not regex.match(`[*?]`, glob)

# `*` crosses every separator, so that whatever can begin like an id is held to the parts of one:
# urn:cr:<kind>:<account>:<region>:<name>[@<digest>], of which the region alone may be open.
_narrow(glob) if {
	globs.intersect(glob, "urn:cr:*")
	parts := split(glob, ":")
	count(parts) >= 6
	array.slice(parts, 0, 2) == ["urn", "cr"]
	every part in array.slice(parts, 2, 4) { regex.match(`^[^*?]+$`, part) }
	_names_something(concat(":", array.slice(parts, 5, count(parts))))
}

# One name, in whatever account: all that follows the last colon, but for the digest.
_narrow(glob) if {
	parts := split(split(glob, "@")[0], ":")
	count(parts) > 1
	name := regex.replace(parts[count(parts) - 1], _what, "")
	regex.match(`^[^*?]+$`, name)
	not regex.match(_region, name)
}

_narrow(glob) if regex.match(`@sha256:[0-9a-f]{12}`, glob)

# Of files and waivers: some part of a name, besides what all of them have.
_narrow(glob) if {
	not globs.intersect(glob, "urn:cr:*")
	_spelled_out(trim_prefix(glob, "waiver:"))
}

_names_something(name) if _spelled_out(regex.replace(split(name, "@")[0], _what, ""))

# A whole component of a short name, as in ui@* and ui/*.
_names_something(name) if {
	bare := regex.replace(name, _what, "")
	regex.match(`^[A-Za-z0-9._-]+[@/]`, bare)
}

# What every resource of a kind begins with, as key/ and principal/role/: it tells none apart.
_what := `^(key|suppression|principal|policy|service|task_definition|function|job_definition|project)/((role|user|group|policy|assumed-role|aws-service-role|service-role)/)*`

# At the end of an id: all that a region holds.
_region := `^(global|[a-z]{2}(-[a-z]+)+-[0-9]+)$`

# Three characters of a name in a row, not only one here and there.
_spelled_out(name) if regex.match(`[A-Za-z0-9][A-Za-z0-9._-]{2}`, name)
