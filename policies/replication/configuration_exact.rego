# METADATA
# title: Keep the replication configuration valid and exact
# description: |
#   Prefix filters take in more than they seem to (myapp also takes myapp-internal), and rules
#   that are wrong fail silently.
# custom:
#   id: REG-REP-002
#   severity: medium
#   since: 0.1.0
#   inputs: [registry]
#   entity: registry
#   registries: [ecr]
#   frameworks:
#     nist-800-53r5: ["CM-6", "CP-9"]
#     soc2: ["A1.2"]
#   low_confidence: ["nist-800-53r5:CP-9"]
#   params:
#     max_rules:
#       type: integer
#       minimum: 1
#       description: Rules that the registry accepts.
#       default: 10
#     max_destinations:
#       type: integer
#       minimum: 1
#       description: Distinct destinations that the registry accepts.
#       default: 25
#     max_filters:
#       type: integer
#       minimum: 1
#       description: Filters that the registry accepts in one rule.
#       default: 100
#   remediation:
#     action: ecr.put_replication_configuration
#     mode: confirm
#     text: |
#       Write prefixes with their slash (team/), remove rules that match nothing, and put the
#       configuration again (ecr:PutReplicationConfiguration replaces all of it).
package auditor.rules.replication.configuration_exact

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-REP-002"]

_fact := input.registry.replication

_path := "/registry/replication"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no replication.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the replication configuration", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("not_applicable", "There is no replication rule.", []) if {
	count(_rules) == 0
} else := verdict.record("fail", message, text.capped([evidence | some [_, evidence] in _errors])) if {
	count(_errors) > 0
	message := sprintf("The replication configuration is wrong: %s.", [text.names({reason | some [reason, _] in _errors})])
} else := _foreign_unknown if {
	count(_undecided) > 0
} else := object.union(failure, {"severity": "low"}) if {
	count(_warnings) > 0
	message := sprintf("The replication configuration is not exact: %s.", [text.names({reason | some [reason, _] in _warnings})])
	failure := verdict.record("fail", message, text.capped([evidence | some [_, evidence] in _warnings]))
} else := verdict.record_unknown("the list of repositories", "/registry/repository_names", input.registry.repository_names) if {
	not facts.known(input.registry.repository_names)
} else := verdict.record("pass", "Every replication rule is valid and matches what it names.", [])

_rules := _fact.value if facts.known(_fact)

_rules := [] if facts.absent(_fact)

_errors contains [reason, facts.evidence("/registry/replication/value", _rules)] if {
	count(_rules) > _params.max_rules
	reason := sprintf("%d rules are more than %d", [count(_rules), _params.max_rules])
}

_errors contains [reason, facts.evidence("/registry/replication/value", _rules)] if {
	destinations := {d | some rule in _rules; some d in rule.destinations}
	count(destinations) > _params.max_destinations
	reason := sprintf("%d destinations are more than %d", [count(destinations), _params.max_destinations])
}

_errors contains [reason, facts.evidence(sprintf("/registry/replication/value/%d", [i]), rule)] if {
	some i, rule in _rules
	count(rule.filters) > _params.max_filters
	reason := sprintf("%d filters in one rule are more than %d", [count(rule.filters), _params.max_filters])
}

_errors contains [reason, facts.evidence(sprintf("/registry/replication/value/%d/destinations/%d", [i, j]), destination)] if {
	some i, rule in _rules
	some j, destination in rule.destinations
	destination == {"account": input.registry.account, "region": input.registry.region}
	reason := sprintf("rule %d copies to its own registry", [i + 1])
}

_warnings contains [reason, facts.evidence(sprintf("/registry/replication/value/%d/deletes", [i]), true)] if {
	some i, rule in _rules
	rule.deletes
	reason := sprintf("rule %d also replicates deletions", [i + 1])
}

_warnings contains [reason, facts.evidence(sprintf("/registry/replication/value/%d/filters/%d", [i, j]), filter)] if {
	facts.known(input.registry.repository_names)
	some i, rule in _rules
	some j, filter in rule.filters
	filter.kind == "prefix"
	count(_matching(filter.pattern)) == 0
	reason := sprintf("the prefix %s matches no repository", [filter.pattern])
}

_warnings contains [reason, facts.evidence(sprintf("/registry/replication/value/%d/filters/%d", [i, j]), filter)] if {
	facts.known(input.registry.repository_names)
	some i, rule in _rules
	some j, filter in rule.filters
	filter.kind == "prefix"
	not endswith(filter.pattern, "/")
	beyond := {name |
		some name in _matching(filter.pattern)
		name != filter.pattern
		not startswith(name, concat("", [filter.pattern, "/"]))
	}
	count(beyond) > 0
	reason := sprintf("the prefix %s also takes %s", [filter.pattern, text.names(beyond)])
}

_matching(prefix) := {name | some name in input.registry.repository_names.value; startswith(name, prefix)}

_errors contains [reason, facts.evidence(sprintf("/registry/replication/value/%d/destinations/%d", [i, j]), destination)] if {
	some i, rule in _rules
	some j, destination in rule.destinations
	_partition(destination.region) != _partition(input.registry.region)
	reason := sprintf("rule %d copies to %s, which is in another partition", [i + 1, destination.region])
}

_partition(region) := "isolated" if contains(region, "-iso")

_partition(region) := split(region, "-")[0] if {
	not contains(region, "-iso")
	regex.match(`^(cn|eusc)-`, region)
}

_partition(region) := "us-gov" if startswith(region, "us-gov-")

_partition(region) := "aws" if not regex.match(`^(cn|eusc|us-gov)-|-iso`, region)

_errors contains [reason, facts.evidence(sprintf("/derived/replication/value/targets/%d/accepts", [i]), target.accepts)] if {
	some i, target in input.derived.replication.value.targets
	target.accepts == "no"
	reason := sprintf("the registry policy of account %s in %s does not let copies in", [target.account, target.region])
}

# Copies are not copied on: who wants them further away needs a rule here.
_warnings contains [reason, facts.evidence(sprintf("/derived/replication/value/targets/%d/onward", [i]), target.onward)] if {
	some i, target in input.derived.replication.value.targets
	count(target.onward) > 0
	further := text.names({sprintf("%s of account %s", [d.region, d.account]) | some d in target.onward})
	reason := sprintf("%s of account %s copies on to %s, but not what comes from here", [target.region, target.account, further])
}

# Accounts of which it is not known whether they accept the copies: that is written in their registry policies.
_undecided contains destination.account if {
	some rule in _rules
	some destination in rule.destinations
	destination.account != input.registry.account
	not _decided(destination)
}

_decided(destination) if {
	some target in input.derived.replication.value.targets
	target.account == destination.account
	target.region == destination.region
	target.accepts in {"yes", "no"}
}

_foreign_unknown := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell whether %s %s the copies: %s.", [text.names(_undecided), _accept, text.names(_reasons)]),
	"evidence": [facts.evidence("/registry/replication/value", _rules)],
	"settle": [sprintf("GetRegistryPolicy in %s", [text.names(_undecided)])],
}

_accept := "accepts" if count(_undecided) == 1

_accept := "accept" if count(_undecided) > 1

_reasons := found if {
	found := {target.reason |
		some target in input.derived.replication.value.targets
		target.accepts == "unknown"
	}
	count(found) > 0
} else := {"its registry policy was not read"} if {
	count(_undecided) == 1
} else := {"their registry policies were not read"}
