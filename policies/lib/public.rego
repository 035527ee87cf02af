# METADATA
# title: Which repositories may be public
# description: |
#   Shared by the rules on public registries. `allow_public` holds globs on the repository's name, or on
#   its reference without tag, by any name of its registry.
package auditor.lib.public

import data.auditor.lib.globs

# METADATA
# description: Whether the repository is one that may be public.
allowed(allow_public) if {
	pattern := globs.union(allow_public)
	some name in _names
	regex.match(pattern, name)
}

_names contains input.repository.name

_names contains concat("/", [input.repository.registry.host, input.repository.name])

_names contains concat("/", [host, input.repository.name]) if some host in input.repository.registry.other_hosts
