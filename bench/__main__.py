"""Runs every benchmark."""

from bench import collection, evaluation

collection.main()
evaluation.main()
