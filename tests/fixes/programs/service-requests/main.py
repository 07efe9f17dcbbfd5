"""A service that gives its computing to the default executor."""
import asyncio


def score(seed):
    value = seed
    for _ in range(1_500_000):
        value = (value * 1103515245 + 12345) % 2147483648
    return value


async def main():
    print(await asyncio.gather(*[asyncio.to_thread(score, seed) for seed in range(4)]))


if __name__ == "__main__":
    asyncio.run(main())
