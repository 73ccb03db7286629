"""Damage files at random, for fuzzing."""

from collections.abc import Callable
from random import Random

EXTREMES = [b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0"]

Damage = Callable[[bytearray, Random], None]


def damage_file(data: bytes, random: Random) -> bytes:
    """Return the file damaged in one to four places, often in the header of its format."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 4)):
        random.choice(DAMAGES)(damaged, random)
    return bytes(damaged)


def _place(data: bytearray, random: Random) -> int:
    return random.randrange(min(len(data), random.choice([64, 512, len(data)])) or 1)


def _flip_bit(data: bytearray, random: Random) -> None:
    if data:
        data[_place(data, random)] ^= 1 << random.randrange(8)


def _overwrite(data: bytearray, random: Random) -> None:
    place, value = _place(data, random), random.choice([*EXTREMES, random.randbytes(4)])
    data[place : place + len(value)] = value


def _insert(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    data[place:place] = random.choice([random.randbytes(random.randint(1, 40)), *EXTREMES])


def _remove(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    del data[place : place + random.randint(1, 40)]


def _repeat(data: bytearray, random: Random) -> None:
    place = _place(data, random)
    part = data[place : place + random.randint(1, 200)]
    data[place:place] = part * random.choice([1, 2, 50])


def _cut(data: bytearray, random: Random) -> None:
    del data[_place(data, random) + 1 :]


DAMAGES: list[Damage] = [
    _flip_bit,
    _flip_bit,
    _overwrite,
    _overwrite,
    _insert,
    _remove,
    _repeat,
    _cut,
]
