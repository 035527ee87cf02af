# METADATA
# title: Replicate only to allowed regions and accounts
# description: |
#   A replication rule carries images out of the region that data has to stay in, or into an account
#   of somebody else. The own account is always allowed, no region is allowed by itself.
# custom:
#   id: REG-REP-005
#   severity: high
#   since: 0.2.0
#   inputs: [registry]
#   entity: registry
#   registries: [ecr, harbor, acr, gar]
#   frameworks:
#     nist-800-53r5: ["AC-4", "SA-9(5)"]
#     soc2: ["CC6.7"]
#     iso-27001-2022: ["A.5.23", "A.8.12"]
#   low_confidence: ["nist-800-53r5:SA-9(5)", "iso-27001-2022:A.8.12"]
#   params:
#     allowed_regions:
#       type: array
#       items: {type: string}
#       description: Regions that may hold copies; empty, the answer is unknown.
#       default: []
#     allowed_accounts:
#       type: array
#       items: {type: string}
#       description: Other accounts that may hold copies; empty, copies to others are unknown.
#       default: []
#   remediation:
#     action: ecr.put_replication_configuration
#     mode: confirm
#     text: |
#       Put the configuration without the destination (ecr:PutReplicationConfiguration replaces all
#       of it). Copies that were made stay: delete them in the destination.
package auditor.rules.replication.allowed_destinations

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-REP-005"]

_fact := input.registry.replication

_path := "/registry/replication"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no replication.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the replication configuration", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("not_applicable", "There is no replication rule.", []) if {
	count(_destinations) == 0
} else := verdict.record("fail", message, _evidence(_forbidden)) if {
	count(_forbidden) > 0
	message := sprintf("Images are copied to where they may not be: %s.", [text.names({reason | some [reason, _, _] in _forbidden})])
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell whether copies may be there: %s.", [text.names({reason | some [reason, _, _] in _undecided})]),
	"evidence": _evidence(_undecided),
	"settle": sort({sprintf("parameter %s of REG-REP-005", [name]) | some [_, name, _] in _undecided}),
} if {
	count(_undecided) > 0
} else := verdict.record("pass", message, []) if {
	message := sprintf("Images are copied to allowed places only (%s).", [text.names({_place(d) | some d in _destinations})])
}

# Pointer -> destination.
_destinations[path] := destination if {
	some i, rule in _fact.value
	some j, destination in rule.destinations
	path := sprintf("%s/value/%d/destinations/%d", [_path, i, j])
}

_place(destination) := sprintf("%s of account %s", [destination.region, destination.account])

_forbidden contains [reason, "allowed_regions", path] if {
	count(_params.allowed_regions) > 0
	some path, destination in _destinations
	not destination.region in _params.allowed_regions
	reason := sprintf("region %s", [destination.region])
}

_forbidden contains [reason, "allowed_accounts", path] if {
	count(_params.allowed_accounts) > 0
	some path, destination in _destinations
	destination.account != input.registry.account
	not destination.account in _params.allowed_accounts
	reason := sprintf("account %s", [destination.account])
}

_undecided contains [reason, "allowed_regions", path] if {
	count(_params.allowed_regions) == 0
	some path, destination in _destinations
	reason := sprintf("region %s (allowed_regions is empty)", [destination.region])
}

_undecided contains [reason, "allowed_accounts", path] if {
	count(_params.allowed_accounts) == 0
	some path, destination in _destinations
	destination.account != input.registry.account
	reason := sprintf("account %s (allowed_accounts is empty)", [destination.account])
}

_evidence(found) := text.capped([facts.evidence(path, _destinations[path]) | some path in sort({p | some [_, _, p] in found})])
