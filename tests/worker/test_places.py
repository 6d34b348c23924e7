"""Places: never more than there are, whoever takes them."""

import threading

from lqs.worker.places import Places


def test_what_is_held_and_what_is_reserved_take_places():
    held: list[int] = []
    places = Places(5, held)
    assert (places.reserve(3), places.free) == (3, 2)
    held += [1, 2]
    assert (places.free, places.reserve(4)) == (0, 0)
    places.release(3)
    assert (places.reserve(9), places.free) == (3, 0)


def test_threads_never_reserve_more_than_there_is():
    places = Places(100, [])
    got: list[int] = []

    def take() -> None:
        for _ in range(200):
            got.append(places.reserve(1))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(got), places.free) == (100, 0)
