"""Looks whether an id that is not found belongs to something else: people paste the one they have at hand."""

from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.nouns import EntityNoun, entity_nouns
from lqs.cli.program import command
from lqs_client import Client, Entity, GenerationRequest, Gone, LqsError, NotFound


def get_entity(client: Client, noun: EntityNoun, entity_id: str) -> Entity:
    """The entity. Raises `CommandFailed` for the id of a generation request, and what the client raises."""
    try:
        return client.entity(noun.plural, entity_id)
    except NotFound:
        if not _is_generation_request(client, entity_id):
            raise
    raise _mistaken(entity_id, f"a generation request, no {noun.name}", f"generation get {entity_id}")


def get_generation_request(client: Client, request_id: str) -> GenerationRequest:
    """The generation request. Raises `CommandFailed` for the id of an entity, and what the client raises."""
    try:
        return client.get(request_id)
    except NotFound:
        noun = next((noun for noun in entity_nouns() if _is_entity(client, noun, request_id)), None)
        if noun is None:
            raise
    raise _mistaken(request_id, f"a {noun.name}, no generation request", f"{noun.plural} get {request_id}")


def _is_generation_request(client: Client, one_id: str) -> bool:
    try:
        client.get(one_id)
    except Gone:
        return True
    except LqsError:
        return False
    return True


def _is_entity(client: Client, noun: EntityNoun, one_id: str) -> bool:
    try:
        client.entity(noun.plural, one_id)
    except LqsError:
        return False
    return True


def _mistaken(one_id: str, what_it_is: str, words: str) -> CommandFailed:
    what = f"{one_id} is the id of {what_it_is}"
    return CommandFailed(Failure(ExitCode.NOT_FOUND, "not_found", what, (), command(words)))
