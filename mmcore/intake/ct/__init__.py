"""CT series and volumes."""
