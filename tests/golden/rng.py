#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes rng.txt: "seed stream kind argument values…", computed with Python's integers from the published definitions
of splitmix64, xoshiro256++ (prng.di.unimi.it) and Lemire's bounded integers. Run: python3 rng.py > rng.txt"""
MASK = (1 << 64) - 1


def mix(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def rotl(x, k):
    return (x << k | x >> (64 - k)) & MASK


class Rng:
    def __init__(self, seed, stream):
        x = seed ^ mix(stream)
        self.s = [mix((x + (i + 1) * 0x9E3779B97F4A7C15) & MASK) for i in range(4)]

    def next(self):
        s = self.s
        result = (rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def below(self, n):
        while True:
            product = self.next() * n
            if product & MASK >= (1 << 64) % n:
                return product >> 64


for seed, stream in ((0, 0), (1, 0), (42, 0), (42, 1), (42, 2), (MASK, 7), (0x0123456789ABCDEF, 1 << 40)):
    rng = Rng(seed, stream)
    print(seed, stream, "next", 0, *(rng.next() for _ in range(10)))
    rng = Rng(seed, stream)
    print(seed, stream, "uniform", 0, *((rng.next() >> 11) * 2.0**-53 for _ in range(10)))
    for n in (1, 2, 3, 10, 1000, (1 << 63) + 1, MASK):
        rng = Rng(seed, stream)
        print(seed, stream, "below", n, *(rng.below(n) for _ in range(10)))
