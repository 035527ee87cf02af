# METADATA
# title: Reach registries only over TLS and from approved networks
# description: |
#   Whoever is on the path of plain HTTP, or of TLS that is out of date, can replace images. Judged
#   is the endpoint that the audit itself used; the settings of nodes and workloads are not read.
# custom:
#   id: REG-ACC-013
#   severity: high
#   since: 0.3.0
#   inputs: [registry]
#   entity: registry
#   registries: [harbor, artifactory, quay, oci, acr, ecr]
#   frameworks:
#     nist-800-190: ["4.2.1"]
#     nist-800-53r5: ["SC-8", "SC-8(1)", "SC-7"]
#     cis-docker: ["2.5"]
#     pci-dss-4: ["2.2.7", "4.2.1"]
#     soc2: ["CC6.6", "CC6.7"]
#     iso-27001-2022: ["A.8.20", "A.8.24"]
#     cis-controls: ["12.2"]
#     nis2: ["6.7.2.b"]
#   low_confidence: ["pci-dss-4:4.2.1", "cis-docker:2.5"]
#   params:
#     require_private_network:
#       type: boolean
#       description: Whether registries must be closed to the public network, which is not read yet and so unknown.
#       default: false
#     min_tls:
#       type: string
#       enum: ["1.2", "1.3"]
#       description: The oldest version of TLS that may be negotiated.
#       default: "1.2"
#     certificate_days:
#       type: integer
#       minimum: 0
#       description: A certificate that expires within so many days fails, with severity low.
#       default: 14
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Serve the registry over TLS 1.2 or newer with a certificate that is renewed by itself, and
#       write its URL as https://. Remove insecure-registries, tlsVerify: false and skip_verify from
#       the nodes that pull from it.
package auditor.rules.access.encrypted_transport

import data.auditor.lib.facts
import data.auditor.lib.verdict

_params := data.params["REG-ACC-013"]

_fact := object.get(input.registry, "transport", facts.not_collected("auditor:collect"))

_path := "/registry/transport"

verdicts contains _verdict

# Amazon serves it over TLS only, whatever the audit itself used.
_verdict := _network if {
	input.registry.kind in {"ecr", "ecr_public"}
	_params.require_private_network
} else := verdict.record("pass", "ECR is served over TLS only.", []) if {
	input.registry.kind in {"ecr", "ecr_public"}
} else := verdict.record_unknown("how the registry is reached", _path, _fact) if {
	not facts.known(_fact)
} else := verdict.record("not_applicable", "The audit reached it on its own machine: how others do cannot be told.", []) if {
	_fact.value.loopback
} else := verdict.record("fail", "The registry is reached over plain HTTP.", [_encrypted]) if {
	not _fact.value.encrypted
} else := verdict.record("fail", "The certificate of the registry has expired.", [_evidence("certificate")]) if {
	_certificate.value == "expired"
} else := verdict.record("fail", message, [_evidence("tls_version")]) if {
	facts.known(_version)
	_rank(_version.value) < _rank(sprintf("TLSv%s", [_params.min_tls]))
	message := sprintf("The registry speaks %s, older than TLS %s.", [_shown, _params.min_tls])
} else := object.union(verdict.record("fail", _ending, [_evidence("certificate_expires_at")]), {"severity": "low"}) if {
	facts.known(_expiry)
	_days <= _params.certificate_days
} else := verdict.record_unknown("the certificate", sprintf("%s/value/certificate", [_path]), _certificate) if {
	not facts.known(_certificate)
} else := verdict.record_unknown("the version of TLS", sprintf("%s/value/tls_version", [_path]), _version) if {
	not facts.known(_version)
} else := verdict.record_unknown("when the certificate expires", sprintf("%s/value/certificate_expires_at", [_path]), _expiry) if {
	not facts.known(_expiry)
} else := _network if {
	_params.require_private_network
} else := verdict.record("pass", sprintf("Reached over %s with a valid certificate.", [_shown]), [])

_version := _fact.value.tls_version

_certificate := _fact.value.certificate

_expiry := _fact.value.certificate_expires_at

_shown := replace(_version.value, "TLSv", "TLS ")

# One that is not in the table is older than all that are.
_rank(version) := object.get({"TLSv1.2": 2, "TLSv1.3": 3}, version, 0)

_days := floor((time.parse_rfc3339_ns(_expiry.value) - time.parse_rfc3339_ns(input.now)) / 86400000000000)

_ending := "The certificate of the registry expires within a day." if _days < 1

_ending := "The certificate of the registry expires in 1 day." if _days == 1

_ending := sprintf("The certificate of the registry expires in %d days.", [_days]) if _days > 1

_encrypted := facts.evidence(sprintf("%s/value/encrypted", [_path]), _fact.value.encrypted)

_evidence(name) := facts.evidence(sprintf("%s/value/%s", [_path, name]), _fact.value[name])

_network := {
	"status": "unknown",
	"resource_id": input.id,
	"message": "Cannot tell: from which networks the registry can be reached is not read.",
	"evidence": [],
	"settle": ["a person who knows its network"],
}
