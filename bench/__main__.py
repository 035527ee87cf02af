"""Runs every benchmark."""

from bench import access, collection, evaluation, retention

collection.main()
evaluation.main()
retention.main()
access.main()
