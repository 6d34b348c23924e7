"""The one place that knows httpx: carries out calls over the network, and tells its failures in our words."""

import asyncio
import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from lqs_client._errors import ConnectionFailed, CredentialsInvalid, Timeout, UnexpectedAnswer
from lqs_client._wire import HttpRequest, HttpResponse, common_headers


class Network:
    """A blocking connection to the API."""

    def __init__(self, api_url: str, api_key: str, timeout: float) -> None:
        self._client = httpx.Client(**_options(api_url, api_key, timeout))

    def send(self, call: HttpRequest) -> HttpResponse:
        """Make the call. Raises `ConnectionFailed`, `Timeout` or `UnexpectedAnswer`."""
        with _in_our_words(self._client.base_url) as place:
            return _response(self._client.send(_request(self._client, call)), place)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class AsyncNetwork:
    """A connection to the API for asyncio."""

    def __init__(self, api_url: str, api_key: str, timeout: float) -> None:
        self._client = httpx.AsyncClient(**_options(api_url, api_key, timeout))

    async def send(self, call: HttpRequest) -> HttpResponse:
        """Make the call. Raises `ConnectionFailed`, `Timeout` or `UnexpectedAnswer`."""
        with _in_our_words(self._client.base_url) as place:
            return _response(await self._client.send(_request(self._client, call)), place)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _options(api_url: str, api_key: str, timeout: float) -> dict[str, Any]:
    if not (api_key.isascii() and api_key.isprintable() and api_key.strip()):
        raise CredentialsInvalid("the API key is empty or has characters that no header can carry")
    url = _base_url(api_url)
    return {
        "base_url": url,
        "headers": common_headers(api_key),
        "timeout": timeout,
        # a proxy from the environment cannot reach the loopback of this machine
        "trust_env": not _is_loopback(url.host),
    }


def _base_url(api_url: str) -> httpx.URL:
    try:
        url = httpx.URL(api_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{api_url!r} is no address of an API: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{api_url!r} is no address of an API: it must start with http:// or https:// and a host")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _request(client: httpx.Client | httpx.AsyncClient, call: HttpRequest) -> httpx.Request:
    own = client.timeout.read
    patience = None if own is None else own + call.hold
    read = min((one for one in (call.timeout, patience) if one is not None), default=None)
    connect = min((one for one in (call.timeout, own) if one is not None), default=None)
    timeout = httpx.Timeout(connect, read=read)
    return client.build_request(call.method, call.path, headers=dict(call.headers), content=call.body, timeout=timeout)


def _response(response: httpx.Response, place: str) -> HttpResponse:
    return HttpResponse(response.status_code, dict(response.headers.items()), response.content, place)


@contextmanager
def _in_our_words(url: httpx.URL) -> Iterator[str]:
    place = f"{url.scheme}://{url.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
    try:
        yield place
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ConnectionFailed(f"no connection to {place}: {error or type(error).__name__}", sent=False) from error
    except httpx.TimeoutException as error:
        raise Timeout(f"{place} did not answer in time") from error
    except httpx.TransportError as error:
        raise ConnectionFailed(
            f"the connection to {place} was cut: {error or type(error).__name__}", sent=True
        ) from error
    except httpx.RequestError as error:
        raise UnexpectedAnswer(f"the answer of {place} cannot be read: {error}") from error
