"""Threads that write to one dict: processes would lose it."""
import threading

TOTALS = {}


def total(name, limit):
    found = 0
    for n in range(limit):
        found += n * n % 7
    TOTALS[name] = found


def main():
    threads = [threading.Thread(target=total, args=(name, 1_500_000)) for name in ("east", "west", "north")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(TOTALS.items()))


if __name__ == "__main__":
    main()
