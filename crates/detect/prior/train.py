#!/usr/bin/env python3
"""How common each pair of neighbouring bytes is in what images hold: trains `pairs.bin`.

    ./train.py ROOT… > pairs.bin

Takes 64 KiB out of every 1 MiB of the regular files below the roots. The anchor search picks an anchor's rarest
window and spreads windows over buckets by this table: it decides how fast the search is, never what is found.

The output has 128 × 128 bytes, the second byte of the pair varying fastest. ASCII case is folded by leaving out bit
0x20 of each byte. A value v says that the pair is one of 2^(v / 8) pairs.
"""
import math
import os
import sys

CHUNK, STEP = 64 << 10, 1 << 20
LARGEST_FILE = 256 << 20
# A byte without its bit 0x20, in seven bits.
FOLD = bytes((b & 0x1F) | (b >> 1 & 0x60) for b in range(256))


def chunks(roots):
    """Every sixteenth chunk of all files, which are taken in a fixed order and as one text."""
    skip = 0
    for root in roots:
        for directory, directories, files in os.walk(root):
            directories.sort()
            for name in sorted(files):
                path = os.path.join(directory, name)
                if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > LARGEST_FILE:
                    continue
                size, at = os.path.getsize(path), skip
                with open(path, "rb") as file:
                    while at < size:
                        file.seek(at)
                        yield file.read(CHUNK)
                        at += STEP
                skip = at - size


def main():
    counts = [0] * (128 * 128)
    for chunk in chunks(sys.argv[1:]):
        folded = chunk.translate(FOLD)
        for first, second in zip(folded, folded[1:]):
            counts[first << 7 | second] += 1
    # A pair that was never seen is taken for a quarter of one that was seen once.
    total = sum(counts) + len(counts) / 4
    values = (round(8 * math.log2(total / (count + 0.25))) for count in counts)
    sys.stdout.buffer.write(bytes(min(255, value) for value in values))
    print(f"{sum(counts) / 1e6:.0f} MB sampled", file=sys.stderr)


if __name__ == "__main__":
    main()
