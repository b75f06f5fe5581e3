"""Asks a model behind an endpoint that speaks as OpenAI's chat completions do, once, within a time and a size."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from agent.model.answer import MOST_OUT, Answer, Failed
from agent.model.prompt import Line

MOST_TEXT = 8_000
"""Bytes of an answer; more is no answer, whatever was counted, and could not be sealed."""

MOST_BODY = 256 * 1024
"""Bytes of an HTTP body; it is read no further."""

MOST_COUNTED = 10_000_000
"""Tokens that a call is believed to have taken."""


class TooLarge(Exception):  # noqa: N818 - it says what the answer is
    """An answer has more bytes than are read."""


class Endpoint:
    """A model at an address. It is asked once a call: who is answered twice pays twice."""

    def __init__(self, url: str, model: str, key: str) -> None:
        self.name = model
        self._http = httpx2.AsyncClient(transport=_Bounded(), trust_env=False)
        client = AsyncOpenAI(base_url=url, api_key=key or "none", http_client=self._http, max_retries=0)
        self._model = OpenAIChatModel(model, provider=OpenAICompatibleProvider("model", openai_client=client))

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, lines: Sequence[Line], seconds: float) -> Answer:
        """Give the answer to lines, the last of which are the user's. Raises Failed."""
        settings = ModelSettings(max_tokens=MOST_OUT, temperature=0, timeout=seconds)
        try:
            async with asyncio.timeout(seconds):
                response = await model_request(self._model, _messages(lines), model_settings=settings)
        except TimeoutError as error:
            raise Failed("timeout") from error
        except Exception as error:  # what a stranger answers may break any part of a library
            raise Failed(_reason(error)) from error
        text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
        said = text.encode(errors="replace")  # half a character is none that could be kept
        if len(said) > MOST_TEXT:
            raise Failed("too_large")
        return Answer(said.decode(), _believed(response.usage.input_tokens), _believed(response.usage.output_tokens))


def _believed(count: int) -> int:
    return min(max(0, count), MOST_COUNTED)


def _messages(lines: Sequence[Line]) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    for role, text in lines:
        if role == "assistant":
            messages.append(ModelResponse(parts=[TextPart(text)]))
            continue
        part = SystemPromptPart(text) if role == "system" else UserPromptPart(text)
        messages.append(ModelRequest(parts=[part]))
    return messages


def _reason(error: BaseException) -> str:
    for each in _causes(error):
        if isinstance(each, TooLarge):
            return "too_large"
        if isinstance(each, httpx2.TimeoutException):
            return "timeout"
        if isinstance(each, ModelHTTPError):
            return f"status_{each.status_code}"
        if isinstance(each, httpx2.TransportError):
            return "unreachable"
        if isinstance(each, UnexpectedModelBehavior | ValueError):
            return "unreadable"
    return "unreadable"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give what led to an error, the first cause first: libraries put their own errors around it."""
    if error is not None:
        yield from _causes(error.__cause__ or error.__context__)
        yield error


class _Bounded(httpx2.AsyncHTTPTransport):
    """Reads no more of an answer than fits; one that is packed could be of any size, and is not asked for."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise TooLarge
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - a transport of this kind gives it
        response.stream = _Cut(response.stream)
        return response


class _Cut(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > MOST_BODY:
                raise TooLarge
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
