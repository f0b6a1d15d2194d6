"""HTTP/1.1 on asyncio: a connection, its requests and responses."""

from harness.sim.http._connection import Connection, Responder
from harness.sim.http._message import BadRequest, Delivery, HttpRequest, HttpResponse, RequestReader

__all__ = ["BadRequest", "Connection", "Delivery", "HttpRequest", "HttpResponse", "RequestReader", "Responder"]
