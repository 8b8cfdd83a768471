"""What every service of the local cloud stands on: the cloud itself, the wire, signatures."""
