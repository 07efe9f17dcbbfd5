"""One C call that keeps the GIL: a thread does not help the loop."""
import asyncio
import json


def encoded(size):
    return len(json.dumps([7] * size))


async def main():
    length, _ = await asyncio.gather(asyncio.to_thread(encoded, 6_000_000), asyncio.sleep(0.2))
    return length


if __name__ == "__main__":
    print(asyncio.run(main()))
