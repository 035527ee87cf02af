# METADATA
# title: Do not share registry credentials
# description: |
#   A credential that several namespaces, clusters or pipelines use cannot be revoked for one of
#   them, and what was done with it cannot be attributed. The platform does not say who uses an
#   access key: where no other source does, a key that is in use is unknown.
# custom:
#   id: REG-ACC-011
#   severity: high
#   since: 0.2.0
#   inputs: [account]
#   entity: credential
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["IA-2", "AC-2(9)", "IA-5"]
#     pci-dss-4: ["8.2.2", "8.6.1"]
#     soc2: ["CC6.1", "CC6.2"]
#     iso-27001-2022: ["A.5.16", "A.5.17"]
#     fedramp: ["KSI-IAM-SNU"]
#     nis2: ["11.5.2.a"]
#   params:
#     max_consumers:
#       type: integer
#       minimum: 1
#       description: How many namespaces, clusters and pipelines may use one credential.
#       default: 1
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Give each consumer a credential of its own, or better a role that it takes on (workload
#       identity), then switch the shared one off.
package auditor.rules.access.shared_credentials

import data.auditor.lib.facts
import data.auditor.lib.identities
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-011"]

_keys := input.access_keys

verdicts contains v if some v in _verdicts

_verdicts := {verdict.record_unknown("the access keys of users with registry rights", "/access_keys", _keys)} if {
	not facts.known(_keys)
} else := {verdict.record("not_applicable", "No user with registry rights has an access key.", [])} if {
	count(_keys.value) == 0
} else := {_of_key(i) | some i, _ in _keys.value}

_of_key(i) := identities.on(_id(i), "not_applicable", "The key is switched off.", []) if {
	not _keys.value[i].active
} else := identities.on(_id(i), "fail", message, [_consumers_shown(i)]) if {
	facts.known(_consumers(i))
	count(_consumers(i).value) > _params.max_consumers
	message := sprintf("The key …%s of %s is shared by %d consumers: %s.", [_keys.value[i].ending, _user(i), count(_consumers(i).value), text.names(_consumers(i).value)])
} else := identities.on(_id(i), "pass", "The key has no more consumers than it may.", []) if {
	facts.known(_consumers(i))
} else := identities.on(_id(i), "pass", "The key has never been used.", []) if {
	facts.absent(_keys.value[i].last_used_at)
} else := identities.on_unknown(_id(i), message, [_consumers_shown(i)], [_consumers(i).source]) if {
	message := sprintf("Cannot tell who uses the key …%s of %s: AWS keeps no list of consumers; the account's trail, read by %s, would settle it.", [_keys.value[i].ending, _user(i), _consumers(i).source])
}

_id(i) := identities.credential_id(_keys.value[i])

_user(i) := identities.name(_keys.value[i].principal)

_consumers(i) := _keys.value[i].consumers

_consumers_shown(i) := facts.evidence(sprintf("/access_keys/value/%d/consumers", [i]), _consumers(i))
