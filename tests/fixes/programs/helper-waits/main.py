"""The wait is in a helper, two calls down."""
import asyncio
import socket


def receive(pair, timeout):
    pair[0].settimeout(timeout)
    try:
        return pair[0].recv(10)
    except TimeoutError:
        return b""


def asked(timeout):
    pair = socket.socketpair()
    try:
        return receive(pair, timeout)
    finally:
        for end in pair:
            end.close()


async def main():
    ticker = asyncio.create_task(asyncio.sleep(0.1))
    answer = asked(0.4)
    await ticker
    return len(answer)


print(asyncio.run(main()))
