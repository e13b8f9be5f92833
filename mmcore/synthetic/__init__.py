"""Films, CTs, ECGs, stays and demonstration cases drawn by this project."""
