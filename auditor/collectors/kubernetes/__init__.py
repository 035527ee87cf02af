"""What runs in Kubernetes: from an API server, or from a recorded `kubectl get -A -o json`."""
