"""The newapi dialect: the words of the Go gateways' generic video endpoint (contracts §4)."""
