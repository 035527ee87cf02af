"""Runs every benchmark."""

from bench import access, check, collection, discovery, evaluation, organisation, retention, verification

collection.main()
organisation.main()
evaluation.main()
retention.main()
access.main()
discovery.main()
verification.main()
check.main()
