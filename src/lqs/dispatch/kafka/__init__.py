"""Kafka as transport of work and of news. Only what talks to brokers imports its client, which is slow to import."""
