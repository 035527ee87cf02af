"""The policy engines, behind `auditor.ports.Engine`."""
