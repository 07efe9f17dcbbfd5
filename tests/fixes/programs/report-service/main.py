"""A coroutine computes for long, itself."""
import asyncio


async def digest(size):
    total = 0
    for n in range(size):
        total = (total * 31 + n) % 1_000_003
    return total


async def main():
    numbers = await asyncio.gather(digest(6_000_000), asyncio.sleep(0.1))
    return numbers[0]


if __name__ == "__main__":
    print(asyncio.run(main()))
