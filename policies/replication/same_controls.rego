# METADATA
# title: Give replicated and auto-created repositories the same controls
# description: |
#   A registry copies images, not settings: what it creates itself is mutable, encrypted with the
#   provider's key, and kept for ever unless a creation template says otherwise. On a repository:
#   every copy in the snapshot has the settings of its source. On a registry: the templates for
#   what is copied, cached or pushed into it set immutable tags (not for caches), a KMS key and a
#   lifecycle policy, and there is a template where copies arrive.
# custom:
#   id: REG-REP-003
#   severity: high
#   since: 0.2.0
#   inputs: [repository, registry]
#   entity: repository
#   registries: [ecr]
#   frameworks:
#     aws-fsbp: ["ECR.2", "ECR.3", "ECR.5"]
#     nist-800-53r5: ["CM-2", "CM-6"]
#     iso-27001-2022: ["A.8.9"]
#     soc2: ["CC8.1"]
#   low_confidence: []
#   params:
#     compare:
#       type: array
#       items: {type: string, enum: [mutability, encryption, lifecycle, policy, scanning]}
#       description: The settings that a copy has to share with its source.
#       default: [mutability, encryption, lifecycle, policy, scanning]
#   remediation:
#     action: ecr.create_repository_creation_template
#     mode: confirm
#     text: |
#       Create a template for REPLICATION in the destination (ecr:CreateRepositoryCreationTemplate),
#       and correct the copies that are there (ecr:PutImageTagMutability, ecr:PutLifecyclePolicy,
#       ecr:SetRepositoryPolicy). Encryption is fixed when a repository is created: delete the copy
#       and let it be created again.
package auditor.rules.replication.same_controls

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-REP-003"]

verdicts contains _of_repository if input.entity == "repository"

verdicts contains _of_registry if input.entity == "registry"

# -------------------------------------------------------------------- repositories

_rules := data.context.registry.replication

_replicas := input.derived.replicas

_path := "/derived/replicas"

_of_repository := verdict.record("not_applicable", "This registry has no replication.", []) if {
	facts.unknown(_rules)
	_rules.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the replication configuration", "/context/registry/replication", _rules) if {
	facts.unknown(_rules)
} else := verdict.record("not_applicable", "Not copied anywhere.", []) if {
	not _replicates
} else := verdict.record_unknown("what the copies are like", _path, _replicas) if {
	not facts.known(_replicas)
} else := verdict.record("not_applicable", "Not copied anywhere.", []) if {
	count(_replicas.value) == 0
} else := verdict.record("fail", message, _evidence(_drifts)) if {
	count(_drifts) > 0
	message := sprintf("Copies are not under the same controls: %s.", [text.names({d.reason | some d in _drifts})])
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot compare every copy: %s.", [text.names({d.reason | some d in _doubts})]),
	"evidence": _evidence(_doubts),
	"settle": ["auditor collect with every destination among its targets"],
} if {
	count(_doubts) > 0
} else := verdict.record("pass", message, []) if {
	message := sprintf("Every copy is under the same controls (%s).", [text.names({_place(r) | some r in _replicas.value})])
}

_replicates if count(_rules.value) > 0

_names := {
	"immutability": "mutability",
	"encryption": "encryption",
	"retention": "lifecycle",
	"policy": "policy",
	"scanning": "scanning",
}

_compared(difference) if _names[difference.setting] in _params.compare

# A destination gets its repository with the first image: without any there is nothing to copy.
_drifts contains {"reason": reason, "path": sprintf("%s/value/%d/state", [_path, i]), "value": replica.state} if {
	some i, replica in _replicas.value
	replica.state == "missing"
	replica.missing_count > 0
	reason := sprintf("%s has no such repository", [_place(replica)])
}

_drifts contains {"reason": reason, "path": sprintf("%s/value/%d/differences/%d", [_path, i, j]), "value": difference} if {
	some i, replica in _replicas.value
	some j, difference in replica.differences
	difference.certain
	_compared(difference)
	reason := sprintf("%s of %s is %s, here %s", [_names[difference.setting], _place(replica), difference.copy, difference.source])
}

_doubts contains {"reason": reason, "path": sprintf("%s/value/%d/reason", [_path, i]), "value": replica.reason} if {
	some i, replica in _replicas.value
	replica.state == "unread"
	reason := replica.reason
}

_doubts contains {"reason": reason, "path": sprintf("%s/value/%d/images_unread", [_path, i]), "value": replica.images_unread} if {
	some i, replica in _replicas.value
	replica.state == "missing"
	replica.images_unread != ""
	reason := sprintf("%s has no such repository, and %s", [_place(replica), replica.images_unread])
}

_doubts contains {"reason": reason, "path": sprintf("%s/value/%d/differences/%d", [_path, i, j]), "value": difference} if {
	some i, replica in _replicas.value
	some j, difference in replica.differences
	not difference.certain
	_compared(difference)
	reason := sprintf("%s of %s is %s, here %s", [_names[difference.setting], _place(replica), difference.copy, difference.source])
}

_place(replica) := sprintf("%s of account %s", [replica.region, replica.account])

_evidence(found) := text.capped([facts.evidence(f.path, f.value) | some f in found])

# -------------------------------------------------------------------- registries

_templates := input.registry.creation_templates

_links := input.derived.replication

_caches := input.registry.cache_rules

_automatic := {"REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"}

_of_registry := verdict.record("not_applicable", "This registry creates no repositories itself.", []) if {
	facts.unknown(_templates)
	_templates.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the creation templates", "/registry/creation_templates", _templates) if {
	facts.unknown(_templates)
} else := verdict.record("fail", message, _evidence(_weak)) if {
	count(_weak) > 0
	message := sprintf("Repositories that the registry creates itself lack controls: %s.", [text.names({w.reason | some w in _weak})])
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: %s.", [text.names({u.reason | some u in _unclear})]),
	"evidence": _evidence(_unclear),
	"settle": sort({u.settle | some u in _unclear}),
} if {
	count(_unclear) > 0
} else := verdict.record("not_applicable", "Nothing in the snapshot has this registry create repositories.", []) if {
	count(_used) == 0
	count(_arrivals) == 0
} else := verdict.record("pass", "Creation templates set the controls of what the registry creates itself.", [])

# Position -> template for what is created without anybody asking.
_used[i] := template if {
	some i, template in _templates.value
	count(_automatic & {kind | some kind in template.applied_for}) > 0
}

_label(template) := sprintf("the template for %s", [template.prefix])

_weak contains {"reason": reason, "path": sprintf("/registry/creation_templates/value/%d", [i]), "value": template} if {
	some i, template in _used
	reason := _lacks(template)[_]
}

_lacks(template) := {sprintf("%s %s", [_label(template), words]) | some words in _lacking(template)}

_lacking(template) := (_mutable(template) | _unencrypted(template)) | _kept(template)

# Caches follow their upstream: tags must be able to move.
_mutable(template) := {words |
	"mutability" in _params.compare
	some kind in template.applied_for
	kind in {"REPLICATION", "CREATE_ON_PUSH"}
	not facts.unknown(template.immutability)
	not object.get(template.immutability, ["value", "mode"], "none") in {"all", "all_except"}
	words := "leaves tags mutable"
}

_unencrypted(template) := {words |
	"encryption" in _params.compare
	not facts.unknown(template.encryption)
	object.get(template.encryption, ["value", "type"], "platform") == "platform"
	words := "sets no KMS key"
}

_kept(template) := {words |
	"lifecycle" in _params.compare
	facts.absent(template.retention_policy)
	words := "sets no lifecycle policy"
}

_weak contains {"reason": reason, "path": arrival.path, "value": arrival.value} if {
	some arrival in _arrivals
	not _covered(arrival)
	reason := sprintf("%s, and no template for %s takes it in", [arrival.what, arrival.kind])
}

# What comes in by itself: copies of other registries in the snapshot, and what caches fetch. Who copies here from
# outside the snapshot can never be read; a registry is not unknown for that.
_arrivals contains {"kind": "REPLICATION", "prefix": prefix, "what": what, "path": path, "value": source} if {
	some i, source in _links.value.sources
	some prefix in _prefixes(source.filters)
	path := sprintf("/derived/replication/value/sources/%d", [i])
	what := sprintf("%s of account %s copies %s here", [source.region, source.account, _shown(prefix)])
}

_arrivals contains {"kind": "PULL_THROUGH_CACHE", "prefix": cache.prefix, "what": what, "path": path, "value": cache} if {
	some i, cache in _caches.value
	path := sprintf("/registry/cache_rules/value/%d", [i])
	what := sprintf("a cache fills %s", [_shown(cache.prefix)])
}

_prefixes(filters) := {""} if count(filters) == 0

_prefixes(filters) := {_literal(f) | some f in filters} if count(filters) > 0

_literal(filter) := trim_suffix(filter.pattern, "/") if filter.kind == "prefix"

_literal(filter) := "" if filter.kind != "prefix"

_shown(prefix) := "every repository" if prefix == ""

_shown(prefix) := prefix if prefix != ""

_covered(arrival) if {
	some template in _used
	arrival.kind in template.applied_for
	_takes_in(template.prefix, arrival.prefix)
}

_takes_in(own, _) if own == "ROOT"

_takes_in(own, prefix) if own == prefix

_takes_in(own, prefix) if startswith(prefix, concat("", [own, "/"]))

_unclear contains {"reason": reason, "path": path, "value": fact, "settle": fact.source} if {
	some i, template in _used
	some name in ["immutability", "encryption", "retention_policy"]
	fact := template[name]
	facts.unknown(fact)
	path := sprintf("/registry/creation_templates/value/%d/%s", [i, name])
	reason := sprintf("%s of %s was not read (%s)", [name, _label(template), fact.reason])
}

_unclear contains {"reason": reason, "path": "/registry/cache_rules", "value": _caches, "settle": _caches.source} if {
	facts.unknown(_caches)
	reason := sprintf("the cache rules were not read (%s)", [_caches.reason])
}
