"""Whether a signature verifies, and against whom: pure functions over bytes, with no trust by default."""
