"""Counts primes in a pool of threads."""
from concurrent.futures import ThreadPoolExecutor


def count(limit):
    found = 0
    for n in range(3, limit, 2):
        for d in range(3, int(n**0.5) + 1, 2):
            if n % d == 0:
                break
        else:
            found += 1
    return found


def main():
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="primes") as pool:
        print(list(pool.map(count, [200_000, 190_000, 180_000, 170_000])))


if __name__ == "__main__":
    main()
