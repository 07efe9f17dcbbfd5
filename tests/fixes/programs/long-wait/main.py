"""A coroutine that sleeps as a thread does."""
import asyncio
import time


async def ticks(count):
    seen = 0
    for _ in range(count):
        await asyncio.sleep(0.01)
        seen += 1
    return seen


async def pause():
    time.sleep(0.4)
    return "paused"


async def main():
    return await asyncio.gather(ticks(20), pause())


print(asyncio.run(main()))
