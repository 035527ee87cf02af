# METADATA
# title: Encrypt repositories with a customer-managed key
# description: |
#   A key of your own gives you revocation and an audit trail. The provider's own key, also when
#   it is a KMS key, gives neither.
# custom:
#   id: REG-ENC-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, acr, gar]
#   frameworks:
#     aws-fsbp: ["ECR.5"]
#     nist-800-53r5: ["SC-28", "SC-28(1)", "SC-12(2)", "SC-13", "CM-3(6)", "SI-7(6)", "CA-9(1)"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.8.24"]
#     pci-dss-4: ["3.5.1"]
#     nis2: ["9.2.a"]
#   low_confidence: ["pci-dss-4:3.5.1"]
#   params:
#     allowed_keys:
#       type: array
#       items: {type: string}
#       description: Globs of the key ids that may be used. Empty allows every customer-managed key.
#       default: []
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       The key of a repository cannot be changed. Create a repository with the right encryption
#       configuration, copy the images by digest, switch the references, then delete the old
#       one.
package auditor.rules.encryption.customer_key

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.verdict

_params := data.params["REG-ENC-001"]

_fact := input.repository.encryption

_path := "/repository/encryption"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry does not expose encryption.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the encryption", _path, _fact) if {
	facts.unknown(_fact)
} else := verdict.record("fail", "The repository has no encryption setting.", [facts.evidence(_path, _fact)]) if {
	facts.absent(_fact)
} else := verdict.record("fail", "Encrypted with the platform's key, not with one of your own.", [_type]) if {
	_fact.value.type == "platform"
} else := verdict.record("fail", message, [_key_id]) if {
	_restricted
	facts.known(_id)
	not regex.match(globs.union(_params.allowed_keys), _id.value)
	message := sprintf("The key %s is not one of the allowed ones.", [_id.value])
} else := verdict.record_unknown("who manages the key", "/repository/encryption/value/key_manager", _manager) if {
	facts.unknown(_manager)
} else := verdict.record("fail", "The key of the repository does not exist.", [_key_id, _managed]) if {
	facts.absent(_manager)
} else := verdict.record("fail", "Encrypted with the provider's own KMS key.", [_type, _managed]) if {
	_manager.value == "provider"
} else := verdict.record_unknown("which key it is", "/repository/encryption/value/key_id", _id) if {
	_restricted
	not facts.known(_id)
} else := verdict.record("pass", "Encrypted with a customer-managed key.", [])

_restricted if count(_params.allowed_keys) > 0

_manager := _fact.value.key_manager

_id := _fact.value.key_id

_type := facts.evidence("/repository/encryption/value/type", _fact.value.type)

_key_id := facts.evidence("/repository/encryption/value/key_id", _id)

_managed := facts.evidence("/repository/encryption/value/key_manager", _manager)
