"""A pool of processes sleeps."""
import multiprocessing
import time


def nap(seconds):
    time.sleep(seconds)
    return round(seconds * 10)


if __name__ == "__main__":
    with multiprocessing.Pool(4, maxtasksperchild=None) as pool:
        print(pool.map(nap, [0.2, 0.3, 0.2, 0.3]))
