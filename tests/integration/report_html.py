#!/usr/bin/env python3
"""The report's page and plots as files: well-formed, self-contained, and usable without eyes.

usage: report_html.py DRAW_REPORT SOURCE_ROOT
"""
import copy
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

VOID = {"meta", "link", "br", "hr", "img", "input"}
# What may refer to something; a page for one file may point into itself only.
REFERENCES = {"src", "href", "xlink:href", "action", "srcset", "data", "poster"}


class Page(html.parser.HTMLParser):
    """Reads a page and complains about what a browser would silently repair."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.headings, self.counts, self.style = [], [], [], [], {}, ""
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"
        assert len(self.ids) == len(set(self.ids)), "an id stands twice"
        assert set(self.links) <= set(self.ids), set(self.links) - set(self.ids)

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        assert len(attributes) == len(pairs), f"<{tag}> has an attribute twice"
        assert tag != "script" and not any(name.startswith("on") for name in attributes), f"<{tag}> runs a script"
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name in REFERENCES & set(attributes):
            assert attributes[name].startswith("#"), f"<{tag} {name}={attributes[name]}> leaves the page"
            self.links.append(attributes[name][1:])
        for name in ("aria-labelledby",):
            self.links += attributes.get(name, "").split()
        if tag == "svg":
            named = attributes.get("role") == "img" and attributes.get("aria-label")
            assert named or attributes.get("aria-hidden") == "true", "a drawing without a name"
        if tag == "th":
            assert attributes.get("scope") in ("row", "col"), "a heading cell without a scope"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        assert "url(" not in attributes.get("style", ""), attributes

    def handle_startendtag(self, tag, pairs):
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data

    def error(self, message):
        raise AssertionError(message)


def check_page(text):
    page = Page(text)
    assert page.counts["h1"] == 1 and page.counts["main"] == 1 and page.counts["title"] == 1
    assert all(b <= a + 1 for a, b in zip(page.headings, page.headings[1:])), f"a level of headings is skipped: {page.headings}"
    assert page.counts.get("table", 0) == page.counts.get("caption", 0), "a table without a caption"
    assert "@import" not in page.style and "url(" not in page.style and "prefers-color-scheme: dark" in page.style
    assert "@media print" in page.style and page.style.count("{") == page.style.count("}")
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', text), "a number that is none"
    return page


def luminance(color):
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def check_contrast(style):
    """WCAG AA: 4.5 for text, 3 for lines, on both backgrounds of every theme."""
    themes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", theme)) for theme in re.findall(r":root \{(.*?)\}", style, re.S)]
    assert len(themes) == 3, "light, dark, print"
    for theme in themes:
        for background in ("paper", "sheet"):
            for name in ("ink", "soft", "accent", "mark"):
                assert contrast(theme[name], theme[background]) >= 4.5, (name, background, theme)
            for name in (f"s{i}" for i in range(6)):
                assert contrast(theme[name], theme[background]) >= 3, (name, background, theme)
        assert contrast(theme["accent"], theme["tint"]) >= 4.5


def main():
    draw, root = sys.argv[1], pathlib.Path(sys.argv[2])
    sample = json.loads((root / "tests/golden/report.json").read_text(encoding="utf-8"))
    poor = [copy.deepcopy(sample) for _ in range(3)]
    poor[0] = {}
    poor[1].update(comparisons=None, honesty=[], currency=None, models=[{"kind": "gbm", "metrics": {"auc_roc": 0.8}}])
    poor[2]["models"] = [sample["models"][0]] * 8
    with tempfile.TemporaryDirectory() as folder:
        for i, report in enumerate([sample, *poor]):
            source, target = pathlib.Path(folder) / f"{i}.json", pathlib.Path(folder) / str(i)
            source.write_text(json.dumps(report), encoding="utf-8")
            subprocess.run([draw, source, target], check=True)
            page = check_page((target / "report.html").read_text(encoding="utf-8"))
            plots = sorted(target.glob("*.svg"))
            for plot in plots:
                xml.etree.ElementTree.parse(plot)
            print(f"{source.name}: {sum(page.counts.values())} elements, {page.counts.get('svg', 0)} charts, {len(plots)} SVG files")
            if i == 0:
                assert page.counts["section"] == 8, page.counts
                check_contrast(page.style)


if __name__ == "__main__":
    main()
