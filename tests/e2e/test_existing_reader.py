# SPDX-License-Identifier: Apache-2.0
"""Devices without Tandem take images with a manifest as they take those without, and refuse what is not for them."""

import pytest

import existing_reader
import packer
from existing_reader import Overrun, Refused, Receiver, take
from manifest import Key
from small_images import TEXT, host_only, pair, radio_only

KEYS = Key.of_number(1), Key.of_number(2)
TAKEN = [  # name, image, bytes of the radio's part
    ("signed pair", lambda: pair(*KEYS)),
    ("signed radio image", lambda: radio_only(*KEYS)),
    ("pair with blank cells", lambda: pair()),
    ("largest front", lambda: pair(*KEYS, cells=8, extensions=((1, bytes(2700)),))),
]


@pytest.mark.parametrize("name, make", TAKEN, ids=[row[0] for row in TAKEN])
def test_taken(name, make):
    image = make()
    receiver = take(image.bytes)
    assert receiver.is_complete
    assert receiver.stored == image.front + b"".join(data for tag, data in image.parts.items() if tag != 5)
    assert receiver.host == image.parts.get(5, b"")
    assert existing_reader.flashes(receiver.stored) == {0: image.parts[2], 0x10000: image.parts[4],
                                                        0x8000: image.parts[3]}
    assert not existing_reader.wants_update(receiver.stored, TEXT)
    assert existing_reader.wants_update(receiver.stored, TEXT + b" ")


@pytest.mark.parametrize("host", [True, False], ids=["pair", "radio image"])
def test_plain_images_as_ever(samples, host):
    build = samples.build("esp32h2", "small", 2)
    image = packer.pack(build.dir, samples.host("linux", 2) if host else None)
    receiver = take(image)
    assert receiver.is_complete and receiver.stored + receiver.host == image
    assert not existing_reader.wants_update(receiver.stored, build.version.encode())


def test_a_host_image_is_refused_with_nothing_stored():
    receiver, image = Receiver(), host_only(*KEYS).bytes
    receiver.push(image[:11])
    with pytest.raises(Refused):
        receiver.push(image[11:12])
    assert (receiver.stored, receiver.host, receiver.backup_is_gone) == (b"", b"", False)


def test_under_ff_it_would_cost_them_their_backup():
    """Why host images begin with FE: the same parts under FF are taken, as a radio image without firmware."""
    image = host_only(*KEYS).bytes
    receiver = take(b"\xff" + image[1:])
    assert receiver.backup_is_gone and receiver.is_complete
    with pytest.raises(Refused):
        existing_reader.flashes(receiver.stored)


def test_what_an_image_must_never_be():
    image = pair(*KEYS)
    with pytest.raises(Overrun):        # an eighth entry
        take(bytes([0xFF, 0, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0]) + image.bytes[12:])
    no_end = image.bytes.replace(TEXT + b"\0", TEXT + b";")
    assert existing_reader.wants_update(take(no_end).stored, TEXT)      # for ever
