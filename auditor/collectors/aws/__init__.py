"""AWS: private ECR. The only place that knows AWS's own words, and that loads its SDK."""
