# METADATA
# title: Name images registry/organisation/repository:tag
# description: |
#   Names of the form registry/organisation/repository:tag tell whose an image is. A pull-
#   through cache prefix and the alias of a public registry count as organisation.
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

_name := input.repository.name

_kind := input.repository.registry.kind

# The alias of a public registry is the organisation of what is in it.
_components := array.concat(array.slice(split(_host, "/"), 1, 2), split(_name, "/"))

_host := object.get(input.repository.registry, "host", "")

_evidence := [facts.evidence("/repository/name", _name)]

# Characters that a name has at least and at most. Source: RepositoryName in the models of both APIs.
_lengths := {"ecr": [2, 256], "ecr_public": [2, 205]}

verdicts contains _verdict

_verdict := verdict.record("fail", message, _evidence) if {
	[least, most] := _lengths[_kind]
	_outside(count(_name), least, most)
	length := text.counted(count(_name), "character", "characters")
	message := sprintf("The name has %s, the registry takes %d to %d.", [length, least, most])
} else := verdict.record("fail", message, _evidence) if {
	_lengths[_kind]
	not regex.match(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`, _name)
	message := sprintf("The name %s does not fit the registry's grammar.", [_name])
} else := verdict.record("fail", message, _evidence) if {
	count(_components) < _params.min_components
	parts := text.counted(count(_components), "component", "components")
	message := sprintf("The name %s has %s of the %d that are needed.", [_name, parts, _params.min_components])
} else := verdict.record("pass", "The first component is the cache's prefix.", []) if {
	platform.is_proxy
} else := verdict.record("pass", "The name follows the convention.", []) if {
	_of_an_organisation
} else := verdict.record_unknown(_proxy_question, "/repository/hosting", input.repository.hosting) if {
	platform.may_be_proxy
} else := verdict.record("fail", message, _evidence) if {
	message := sprintf("The name %s does not start with one of %s.", [_name, text.names(_params.organisations)])
}

_outside(length, least, _) if length < least

_outside(length, _, most) if length > most

_proxy_question := "whether this is a pull-through cache, whose prefix would count as organisation,"

_of_an_organisation if count(_params.organisations) == 0

_of_an_organisation if {
	some first in {_components[0], split(_name, "/")[0]}
	first in _params.organisations
}
