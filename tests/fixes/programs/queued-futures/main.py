"""Futures of a pool that is closed by hand; a comment and an alias stay."""
import concurrent.futures as futures


def steps(start):
    """The longest Collatz sequence below a number."""
    best = 0
    for n in range(1, start):
        length, here = 1, n
        while here != 1:
            here = here // 2 if here % 2 == 0 else 3 * here + 1
            length += 1
        best = max(best, length)
    return best


def main():
    pool = futures.ThreadPoolExecutor(2)  # as many as cores
    jobs = [pool.submit(steps, limit) for limit in (30_000, 32_000, 34_000, 36_000)]
    print([job.result() for job in jobs])
    pool.shutdown()


if __name__ == "__main__":
    main()
