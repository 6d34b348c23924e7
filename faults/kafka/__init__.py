"""The service on a real Kafka, hurt one way at a time; afterwards the database is asked what became of the work."""
