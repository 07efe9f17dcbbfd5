"""Edit distances in multiprocessing's pool of threads, without a guard."""
from multiprocessing.pool import ThreadPool


def distance(pair):
    left, right = pair
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


pairs = [("kitten" * n, "sitting" * n) for n in range(100, 108)]
with ThreadPool(2) as pool:
    print(pool.map(distance, pairs))
