"""`lqs kafka`: the topics, and messages that nobody could read; straight on the brokers that the settings name."""

from lqs.cli.arguments import new_app
from lqs.cli.kafka_dead_letters import app as dead_letters_app
from lqs.cli.kafka_topics import app as topics_app

app = new_app("Make and check the topics, look at unreadable messages.")
app.add_typer(topics_app, name="topics")
app.add_typer(dead_letters_app, name="dead-letters")
