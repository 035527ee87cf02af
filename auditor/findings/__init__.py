"""Findings: verdicts with a fingerprint, a waiver where one holds, and their history."""
