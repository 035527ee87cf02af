"""Runs every benchmark."""

from bench import access, collection, evaluation

collection.main()
evaluation.main()
access.main()
