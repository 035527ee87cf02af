"""Runs every benchmark."""

from bench import collection, evaluation, organisation

collection.main()
organisation.main()
evaluation.main()
