"""Policy as code: load bundles, know the rules, judge with an engine."""
