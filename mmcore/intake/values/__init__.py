"""Clinical values in tables, JSON and FHIR."""
