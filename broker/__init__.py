"""A real Apache Kafka for developers, tests, faults and benchmarks: fetched with Maven, run without containers."""
