# -*- test-case-name: txtor.test.process.test_bridges -*-
"""
A pluggable transport that changes nothing: a SOCKS5 server that Tor starts and through which it reaches its bridges.

See pt-spec. As a program it appends each address that it was asked for to the file that it is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """
    Pass bytes on until one side ends.
    """
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """
    Take one connection of Tor's, see RFC 1928.
    """
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    writer.write(b"\5\0")
    head = await reader.readexactly(4)
    host = str(ipaddress.ip_address(await reader.readexactly(4 if head[3] == 1 else 16)))
    port = int.from_bytes(await reader.readexactly(2), "big")
    with open(sys.argv[1], "a", encoding="ascii") as file:
        file.write(f"{host}:{port}\n")
    there, to = await asyncio.open_connection(host, port)
    writer.write(b"\5\0\0\1" + bytes(6))
    await asyncio.gather(relay(reader, to), relay(there, writer))


async def main() -> None:
    """
    Say where to connect, and serve until Tor closes our standard input.
    """
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("VERSION 1", f"CMETHOD plain socks5 127.0.0.1:{port}", "CMETHODS DONE", sep="\n", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
