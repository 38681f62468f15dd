#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages' source keeps its own rules: small files with a head, text never as markup, no other host, nothing that nobody uses.

usage: pages.py SOURCE_ROOT
"""
import pathlib
import re
import sys

MAX_LINE, MAX_LINES = 140, 250
FORBIDDEN = {
    "innerHTML": "text becomes markup", "outerHTML": "text becomes markup", "insertAdjacentHTML": "text becomes markup",
    "document.write": "text becomes markup", "eval(": "text becomes code", "new Function": "text becomes code",
    "https:": "another host", "@import": "a style sheet behind another", "!important": "a rule that cannot be overruled",
    "var ": "const or let", "==": "=== or !==", "console.": "the console is for complaints of the browser",
}
# Where a forbidden word is right, and why.
ALLOWED = {
    ("base.css", "!important"): "hidden is hidden, and still is still",
}


def complaints_of(file):
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    if file.suffix != ".html" and "SPDX-License-Identifier: MIT" not in lines[0] and file.suffix != ".svg":
        yield "no SPDX line"
    if file.suffix in (".js", ".css") and not re.match(r"(//|/\*) \S", lines[1]):
        yield "the second line does not say what it is for"
    if len(lines) > MAX_LINES:
        yield f"{len(lines)} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE and file.suffix != ".svg":
            yield f"{number}: {len(line)} characters"
        if line.rstrip() != line or "\t" in line:
            yield f"{number}: a blank at the end, or a tab"
        bare = re.sub(r"[=!]==", "", line) if file.suffix == ".js" else line.replace("==", "")
        for word, why in FORBIDDEN.items():
            if word in bare and (file.name, word) not in ALLOWED and not (word == "var " and file.suffix != ".js"):
                yield f"{number}: '{word}': {why}"


def main():
    root = pathlib.Path(sys.argv[1]) / "src/web"
    files = sorted((root / "pages").iterdir())
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    build = (root / "meson.build").read_text(encoding="utf-8")
    found = [f"{file.name}: {complaint}" for file in files for complaint in complaints_of(file)]
    for name, text in texts.items():
        for target in re.findall(r'(?:from|import) "\./([^"]+)"', text) + re.findall(r'"/assets/([^"]+)"|include (\S+)', text):
            target = target if isinstance(target, str) else "".join(target)
            if target != "chart.js" and not (target.startswith("docs.") or target in texts):
                found.append(f"{name}: there is no {target}")
        if f"'{name}'" not in build and f"'pages/{name}'" not in build:
            found.append(f"{name}: src/web/meson.build does not know it")
    assert len(files) > 30
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
