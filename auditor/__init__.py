"""registry-auditor: policy-as-code compliance audits of container registries."""

__version__ = "0.2.0"
