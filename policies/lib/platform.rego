# METADATA
# title: What each kind of registry can do
# description: A rule on a feature that the platform does not have is not_applicable, never pass.
package auditor.lib.platform

_kind := input.repository.registry.kind if input.entity == "repository"

_kind := input.registry.kind if input.entity == "registry"

has_retention if _kind in {"ecr", "harbor", "acr", "gar", "artifactory", "quay"}

# METADATA
# description: A pull-through cache or proxy repository. Undefined while that is not known.
is_proxy if input.repository.hosting.value == "proxy"

# METADATA
# description: Whether the repository may be a proxy, because it was not read. A platform without proxies has none.
may_be_proxy if {
	input.repository.hosting.state == "unknown"
	input.repository.hosting.reason != "unsupported_by_platform"
}

has_scanning if _kind in {"ecr", "harbor", "acr", "gar", "artifactory", "quay"}
