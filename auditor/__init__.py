"""registry-auditor: policy-as-code compliance audits of container registries."""

__version__ = "0.3.0"
