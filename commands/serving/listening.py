"""The socket that requests arrive at; bound once, before any process serves."""

from __future__ import annotations

import os
import socket

from storage.outcomes import Conflict

#: Connections that wait to be accepted; the kernel lowers it to its own limit.
_BACKLOG = 1024
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - not bound to, looked up


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Raises Conflict, which tells why not."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise Conflict(f"Cannot listen on {host}: {error.strerror}.") from error
    except OSError as error:
        # create_server() adds words of its own to those of the system.
        raise Conflict(f"Cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}.") from error


def address_of(listener: socket.socket) -> str:
    """Return the address of a listening socket as this machine reaches it: http://HOST:PORT."""
    host, port = listener.getsockname()[:2]
    reached = _EVERYWHERE.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
