"""Runs every benchmark."""

from bench import collection, evaluation, retention

collection.main()
evaluation.main()
retention.main()
