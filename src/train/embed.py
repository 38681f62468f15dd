#!/usr/bin/env python3
"""Turns a text file into a C file with one string that a program carries inside itself.

usage: embed.py INPUT OUTPUT NAME
"""
import sys


def main():
    source, target, name = sys.argv[1:4]
    with open(source, "rb") as file:
        data = file.read()
    lines = [", ".join(f"'\\x{byte:02x}'" for byte in data[i:i + 16]) for i in range(0, len(data), 16)]
    with open(target, "w", encoding="ascii") as file:
        file.write(f"extern const char {name}[];\nconst char {name}[] = {{\n")
        file.writelines(f"    {line},\n" for line in lines)
        file.write("    '\\0',\n};\n")


if __name__ == "__main__":
    main()
