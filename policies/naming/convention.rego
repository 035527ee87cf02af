# METADATA
# title: Name images registry/organisation/repository:tag
# description: |
#   Names of the form registry/organisation/repository:tag tell whose an image is. A pull-
#   through cache prefix counts as organisation.
# custom:
#   id: REG-NAM-001
#   severity: low
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-8"]
#     iso-27001-2022: ["A.5.9"]
#   params:
#     min_components:
#       type: integer
#       minimum: 1
#       description: Path components that a repository name needs.
#       default: 2
#     organisations:
#       type: array
#       items: {type: string}
#       description: Allowed first components. Empty allows any.
#       default: []
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Create the repository under its organisation, copy the images by digest, switch the
#       references, then delete the old one.
package auditor.rules.naming.convention

import data.auditor.lib.facts
import data.auditor.lib.platform
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-NAM-001"]

_components := split(input.repository.name, "/")

_evidence := [facts.evidence("/repository/name", input.repository.name)]

verdicts contains _verdict

_verdict := verdict.record("fail", message, _evidence) if {
	count(_components) < _params.min_components
	message := sprintf("The name %s has %d of %d components.", [input.repository.name, count(_components), _params.min_components])
} else := verdict.record("pass", "The first component is the cache's prefix.", []) if {
	platform.is_proxy
} else := verdict.record("fail", message, _evidence) if {
	count(_params.organisations) > 0
	not _components[0] in _params.organisations
	message := sprintf("The name %s does not start with one of %s.", [input.repository.name, text.names(_params.organisations)])
} else := verdict.record("fail", message, _evidence) if {
	input.repository.registry.kind == "ecr"
	not regex.match(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`, input.repository.name)
	message := sprintf("The name %s does not fit the registry's grammar.", [input.repository.name])
} else := verdict.record("pass", "The name follows the convention.", [])
