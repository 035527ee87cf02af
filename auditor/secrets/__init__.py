"""Searches bytes that others fetched for secrets. Nothing is written to disk, no address is asked, no link followed."""
