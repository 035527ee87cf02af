"""Sources of facts, one module or package a kind of registry. Each states facts and judges nothing."""
