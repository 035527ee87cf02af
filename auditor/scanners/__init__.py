"""What others found out about vulnerabilities: feeds and results that the user hands over as files."""
