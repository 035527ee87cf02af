# METADATA
# title: Turn off anonymous pull on every registry
# description: |
#   Whoever can pull without any identity gets code, dependencies and data that was built in. A
#   repository of ECR Public is always open to everybody, so that it has to be one that is meant to
#   be.
# custom:
#   id: REG-ACC-002
#   severity: high
#   since: 0.2.0
#   inputs: [repository, registry]
#   entity: repository
#   registries: [ecr_public, harbor, acr, gar, artifactory, dockerhub, ghcr, quay, oci]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-3", "AC-14", "AC-22"]
#     pci-dss-4: ["7.2.1"]
#     soc2: ["CC6.1", "CC6.6"]
#     iso-27001-2022: ["A.5.15", "A.8.3"]
#     fedramp: ["KSI-CNA-MAT"]
#     nis2: ["11.2.2.a"]
#   params:
#     allow_public:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Globs of repositories that may be public, by name or as public.ecr.aws/alias/name.
#       default: []
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       ECR Public has no switch: move the repository to a private registry, switch the references,
#       then delete the public one. Elsewhere turn anonymous access off. List what is meant to be
#       public in allow_public.
package auditor.rules.access.no_anonymous_pull

import data.auditor.lib.facts
import data.auditor.lib.public
import data.auditor.lib.verdict

_params := data.params["REG-ACC-002"]

_fact := input[input.entity].visibility

_path := sprintf("/%s/visibility", [input.entity])

_kind := input.repository.registry.kind if input.entity == "repository"

_kind := input.registry.kind if input.entity == "registry"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A private ECR registry serves nobody without an identity.", []) if {
	_kind == "ecr"
} else := verdict.record("not_applicable", "ECR Public cannot be closed: its repositories are judged one by one.", []) if {
	_kind == "ecr_public"
	input.entity == "registry"
} else := verdict.record_unknown("whether anybody may pull", _path, _fact) if {
	not facts.known(_fact)
} else := verdict.record("pass", "Nobody can pull without an identity.", []) if {
	_fact.value == "private"
} else := verdict.record("pass", "The repository is public and meant to be.", []) if {
	input.entity == "repository"
	public.allowed(_params.allow_public)
} else := verdict.record("fail", "Anybody can pull from this repository without an identity.", [_evidence]) if {
	input.entity == "repository"
} else := verdict.record("fail", "Anybody can pull from this registry without an identity.", [_evidence])

_evidence := facts.evidence(_path, _fact)
