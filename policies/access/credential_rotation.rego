# METADATA
# title: Rotate or expire registry credentials
# description: |
#   Long-lived secrets outlive their owners. On an account the access keys of users who hold registry
#   rights are judged, one by one; on a registry the credentials with which it pulls from others.
# custom:
#   id: REG-ACC-012
#   severity: medium
#   since: 0.2.0
#   inputs: [account, registry]
#   entity: credential
#   registries: [harbor, acr, artifactory, dockerhub, ghcr, quay, ecr]
#   frameworks:
#     nist-800-53r5: ["IA-5", "AC-2(3)"]
#     pci-dss-4: ["8.6.3"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.5.17"]
#     fedramp: ["KSI-IAM-SNU", "KSI-SVC-ASM"]
#     nis2: ["11.6.2.c"]
#   params:
#     max_age_days:
#       type: integer
#       minimum: 1
#       description: How old a credential may be.
#       default: 90
#     unused_days:
#       type: integer
#       minimum: 1
#       description: A credential that nobody used for longer is reported at low severity.
#       default: 90
#   remediation:
#     action: iam.update_access_key
#     mode: confirm
#     text: |
#       Make a new credential, switch its users over, then switch the old one off
#       (iam:UpdateAccessKey Status=Inactive; for a secret secretsmanager:RotateSecret). Better: a
#       role in place of the user.
package auditor.rules.access.credential_rotation

import data.auditor.lib.facts
import data.auditor.lib.identities
import data.auditor.lib.verdict

_params := data.params["REG-ACC-012"]

verdicts contains v if {
	input.entity == "account"
	some v in _of_account
}

verdicts contains v if {
	input.entity == "registry"
	some v in _of_registry
}

# ---------------------------------------------------------------- access keys
_keys := input.access_keys

_of_account := {verdict.record_unknown("the access keys of users with registry rights", "/access_keys", _keys)} if {
	not facts.known(_keys)
} else := {verdict.record("not_applicable", "No user with registry rights has an access key.", [])} if {
	count(_keys.value) == 0
} else := {_of_key(i) | some i, _ in _keys.value}

_of_key(i) := identities.on(_id(i), "not_applicable", "The key is switched off.", []) if {
	not _keys.value[i].active
} else := identities.on_unread(_id(i), "the age of the key", _path(i, "created_at"), _keys.value[i].created_at) if {
	not facts.known(_keys.value[i].created_at)
} else := identities.on(_id(i), "fail", message, [_shown(i, "created_at")]) if {
	_age(i) > _params.max_age_days
	message := sprintf("%s is %s old; the limit is %s.", [_name(i), identities.days(_age(i)), identities.days(_params.max_age_days)])
} else := identities.on_unread(_id(i), "when the key was last used", _path(i, "last_used_at"), _keys.value[i].last_used_at) if {
	facts.unknown(_keys.value[i].last_used_at)
} else := object.union(identities.on(_id(i), "fail", message, [_shown(i, "last_used_at")]), {"severity": "low"}) if {
	_idle(i) > _params.unused_days
	message := sprintf("%s has not been used for %s.", [_name(i), identities.days(_idle(i))])
} else := identities.on(_id(i), "pass", "The key is young enough and in use.", [])

_age(i) := identities.days_since(_keys.value[i].created_at.value)

# Never used: idle since it was made.
_idle(i) := identities.days_since(_keys.value[i].last_used_at.value) if {
	facts.known(_keys.value[i].last_used_at)
} else := _age(i)

_id(i) := identities.credential_id(_keys.value[i])

_name(i) := sprintf("The key …%s of %s", [_keys.value[i].ending, identities.name(_keys.value[i].principal)])

_path(i, field) := sprintf("/access_keys/value/%d/%s", [i, field])

_shown(i, field) := facts.evidence(_path(i, field), _keys.value[i][field])

# ---------------------------------------------------------------- credentials of pull-through cache rules
_rules := input.registry.cache_rules

_of_registry := {verdict.record("not_applicable", "This registry has no cache rules.", [])} if {
	facts.unknown(_rules)
	_rules.reason == "unsupported_by_platform"
} else := {verdict.record_unknown("the cache rules", "/registry/cache_rules", _rules)} if {
	facts.unknown(_rules)
} else := {verdict.record("not_applicable", "No cache rule has a credential.", [])} if {
	count(_secrets) == 0
} else := {_of_secret(secret) | some secret, _ in _secrets}

# Several rules may share a credential; each is judged once.
default _secrets := {}

_secrets := _by_secret if count(_by_secret) > 0

_by_secret[secret] contains i if {
	some i, rule in _rules.value
	secret := rule.credential.value
}

_of_secret(secret) := identities.on_unread(_secret_id(secret), "when the credential was stored", _since_path(secret), _since(secret)) if {
	facts.unknown(_since(secret))
} else := identities.on(_secret_id(secret), "not_applicable", "The secret does not exist, or has no value.", []) if {
	facts.absent(_since(secret))
} else := identities.on(_secret_id(secret), "fail", message, [facts.evidence(_since_path(secret), _since(secret))]) if {
	age := identities.days_since(_since(secret).value)
	age > _params.max_age_days
	message := sprintf("The credential for %s is %s old; the limit is %s.", [_upstreams(secret), identities.days(age), identities.days(_params.max_age_days)])
} else := identities.on(_secret_id(secret), "pass", "The credential is young enough.", [])

_first(secret) := min(_secrets[secret])

_since(secret) := _rules.value[_first(secret)].credential_since

_since_path(secret) := sprintf("/registry/cache_rules/value/%d/credential_since", [_first(secret)])

_upstreams(secret) := concat(", ", sort({_rules.value[i].upstream | some i in _secrets[secret]}))

_secret_id(secret) := sprintf("urn:cr:secretsmanager:%s:%s:credential/%s", [parts[4], parts[3], concat(":", array.slice(parts, 6, count(parts)))]) if {
	parts := split(secret, ":")
	count(parts) > 6
} else := sprintf("urn:cr:secretsmanager:%s:%s:credential/%s", [input.registry.account, input.registry.region, secret])
