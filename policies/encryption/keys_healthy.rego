# METADATA
# title: Keep registry keys enabled, rotated and narrowly granted
# description: |
#   A lost key makes every image unreadable. Each key that encrypts a repository is judged once: that
#   it exists and is enabled, rotates, stands in the registry's own region, and that its policy does
#   not let in everybody.
# custom:
#   id: REG-ENC-002
#   severity: high
#   since: 0.2.0
#   inputs: [registry]
#   entity: key
#   registries: [ecr, acr, gar]
#   frameworks:
#     nist-800-53r5: ["SC-12", "SC-12(2)"]
#     pci-dss-4: ["3.7.4"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.8.24"]
#     nis2: ["9.2.c"]
#   low_confidence: ["pci-dss-4:3.7.4"]
#   params:
#     require_rotation:
#       type: boolean
#       description: Whether a symmetric key of the platform's making must rotate by itself.
#       default: true
#   remediation:
#     action: kms.enable_key_rotation
#     mode: auto
#     text: |
#       Cancel a planned deletion (kms:CancelKeyDeletion), enable the key (kms:EnableKey), switch
#       its rotation on (kms:EnableKeyRotation). Narrow the statement of its policy that names
#       everybody, after a look at who uses it.
package auditor.rules.encryption.keys_healthy

import data.auditor.lib.facts
import data.auditor.lib.identities
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ENC-002"]

_keys := input.registry.keys

# The key of AWS's own examples, copied as it stands.
_placeholder := "12345678-1234-1234-1234-123456789012"

verdicts contains v if some v in _verdicts

_verdicts := {verdict.record("not_applicable", "This registry does not expose its keys.", [])} if {
	facts.unknown(_keys)
	_keys.reason == "unsupported_by_platform"
} else := {verdict.record_unknown("the encryption keys", "/registry/keys", _keys)} if {
	facts.unknown(_keys)
} else := {verdict.record("not_applicable", "No repository is encrypted with a key that can be judged.", [])} if {
	count(object.get(_keys, "value", [])) == 0
} else := {_of_key(i) | some i, _ in _keys.value}

_key(i) := _keys.value[i]

_of_key(i) := identities.on(_id(i), "fail", message, _shown(i, ["state"])) if {
	endswith(_key(i).id, _placeholder)
	message := sprintf("The key is the placeholder of an example; it encrypts %s.", [_repositories(i)])
} else := identities.on(_id(i), "fail", message, evidence) if {
	faults := {part.fault | some part in _parts(i); part.fault != ""}
	count(faults) > 0
	message := sprintf("The key %s; it encrypts %s.", [concat(", ", sort(faults)), _repositories(i)])
	evidence := text.capped([shown | some part in _parts(i); part.fault != ""; some shown in part.evidence])
} else := identities.on_unknown(_id(i), message, evidence, settle) if {
	doubts := {part.doubt | some part in _parts(i); part.doubt != ""}
	count(doubts) > 0
	message := sprintf("Cannot tell: %s.", [concat("; ", sort(doubts))])
	evidence := text.capped([shown | some part in _parts(i); part.doubt != ""; some shown in part.evidence])
	settle := sort({call | some part in _parts(i); part.doubt != ""; some call in part.settle})
} else := identities.on(_id(i), "pass", "The key is enabled, rotates and is narrowly granted.", [])

# ---------------------------------------------------------------- what a key is judged by
_parts(i) := [_state(i), _rotation(i), _place(i), _grants(i)]

_good := {"fault": "", "doubt": "", "evidence": [], "settle": []}

_bad(fault, evidence) := object.union(_good, {"fault": fault, "evidence": evidence})

_unread(i, field, what) := object.union(_good, {"doubt": doubt, "evidence": _shown(i, [field]), "settle": [fact.source]}) if {
	fact := _key(i)[field]
	doubt := sprintf("%s was not read (%s)", [what, object.get(fact, "reason", fact.state)])
}

_words := {
	"disabled": "is disabled, so that pulls fail",
	"pending_deletion": "is about to be deleted",
	"unavailable": "cannot be used now",
	"missing": "does not exist",
}

_state(i) := _unread(i, "state", "the state of the key") if {
	not facts.known(_key(i).state)
} else := _good if {
	_key(i).state.value == "enabled"
} else := _bad(_words[_key(i).state.value], _shown(i, ["state"]))

_rotation(i) := _good if {
	not _may_rotate(i)
} else := _unread(i, "rotation", "the rotation of the key") if {
	facts.unknown(_key(i).rotation)
} else := _bad("does not rotate", _shown(i, ["rotation"])) if {
	object.get(_key(i).rotation, "value", true) == false
} else := _good

# Left out only where it is sure that the key cannot, or that the platform rotates it.
_may_rotate(i) if {
	_params.require_rotation
	object.get(_key(i).manager, "value", "customer") == "customer"
	not facts.absent(_key(i).manager)
	object.get(_key(i).origin, "value", "provider") == "provider"
	object.get(_key(i).symmetric, "value", true) == true
	object.get(_key(i).state, "value", "") != "missing"
}

_place(i) := _good if {
	_key(i).region == input.registry.region
} else := _bad(fault, _shown(i, ["region"])) if {
	fault := sprintf("stands in %s, the registry in %s", [_key(i).region, input.registry.region])
}

_grants(i) := _bad(fault, evidence) if {
	open := [g | some g in _open(i); _access.value[g].certainty == "exact"]
	count(open) > 0
	fault := sprintf("lets in everybody (%s)", [text.names({_statement(g) | some g in open})])
	evidence := [facts.evidence(sprintf("/derived/key_access/value/%d", [g]), _access.value[g]) | some g in open]
} else := _unread(i, "policy", "the policy of the key") if {
	facts.unknown(_key(i).policy)
} else := object.union(_good, {"doubt": doubt, "evidence": evidence, "settle": ["a person reading the key policy"]}) if {
	open := _open(i)
	count(open) > 0
	doubt := sprintf("whether its policy lets in everybody: %s", [text.names({_access.value[g].reason | some g in open})])
	evidence := [facts.evidence(sprintf("/derived/key_access/value/%d", [g]), _access.value[g]) | some g in open]
} else := object.union(_good, {"doubt": "its policy was not analysed", "evidence": [facts.evidence("/derived/key_access", _access)], "settle": [_access.source]}) if {
	facts.known(_key(i).policy)
	not facts.known(_access)
} else := _good

_access := input.derived.key_access

_open(i) := [g | some g, grant in _access.value; grant.key == _key(i).id]

_statement(g) := sprintf("statement %s", [_access.value[g].sid]) if {
	_access.value[g].sid != ""
} else := sprintf("statement %d", [_access.value[g].statement])

# ---------------------------------------------------------------- how it is shown
_shown(i, fields) := [facts.evidence(sprintf("/registry/keys/value/%d/%s", [i, field]), _key(i)[field]) | some field in fields]

_repositories(i) := text.names(_key(i).repositories)

_id(i) := sprintf("urn:cr:kms:%s:%s:%s", [parts[4], parts[3], concat(":", array.slice(parts, 5, count(parts)))]) if {
	parts := split(_key(i).id, ":")
	count(parts) > 5
} else := sprintf("urn:cr:kms:%s:%s:key/%s", [input.registry.account, input.registry.region, _key(i).id])
