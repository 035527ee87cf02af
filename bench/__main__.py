"""Runs every benchmark."""

from bench import access, collection, discovery, evaluation, organisation, retention, verification

collection.main()
organisation.main()
evaluation.main()
retention.main()
access.main()
discovery.main()
verification.main()
