"""Runs every benchmark."""

from bench import access, collection, evaluation, organisation, retention

collection.main()
organisation.main()
evaluation.main()
retention.main()
access.main()
