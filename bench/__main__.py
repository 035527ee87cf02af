"""Runs every benchmark."""

from bench import access, check, collection, evaluation, organisation, retention

collection.main()
organisation.main()
evaluation.main()
retention.main()
access.main()
check.main()
