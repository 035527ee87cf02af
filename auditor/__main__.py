"""`python -m auditor`."""

from auditor.cli.main import run

run()
