#!/usr/bin/env python3
"""The registry's life through the real program: verbs, gates, history, archives, and that going back goes back with everything.

usage: registry.py CREDITRISK SOURCE_ROOT
"""
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from cli import Cli, short_of_room

EVENTS = 100
VERBS = {"list", "show", "history", "promote", "rollback", "challenger", "verify", "delete", "export", "import", "keygen", "sign"}


def as_actor(name, call):
    os.environ["CREDITRISK_ACTOR"] = name
    try:
        return call()
    finally:
        del os.environ["CREDITRISK_ACTOR"]


def json_of(cli, *words, status=0):
    return json.loads(cli("registry", *words, "--json", status=status).stdout)


def publish(cli, version, cost):
    return json.loads(cli("threshold", version, "--false-negative", cost, "--publish", "--reason", "test", "--json").stdout)["published"]


def predict(cli, *words):
    return json.loads(cli("predict", cli.root / "examples/application.json", "--json", *words).stdout)


def champion(cli):
    return [v["version"] for v in json_of(cli, "list")["versions"] if v["champion"]]


def edited_portfolio(cli, name, edits):
    """A copy of the retail portfolio with some texts replaced; the program is pointed to its parent."""
    folder = cli.dir / name / "retail"
    shutil.copytree(cli.root / "config/portfolios/retail", folder)
    for file, old, new in edits:
        text = (folder / file).read_text()
        assert text.count(old) == 1, (file, old, text.count(old))
        (folder / file).write_text(text.replace(old, new))
    return folder.parent


class Portfolios:
    """with Portfolios(folder): the program reads its portfolios there."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        os.environ["CREDITRISK_PATHS_PORTFOLIOS"] = str(self.folder)

    def __exit__(self, *_):
        del os.environ["CREDITRISK_PATHS_PORTFOLIOS"]


def check_words(cli):
    for words, message in [(["show"], "needs a version"), (["show", "v1", "v2"], "'v2'"), (["list", "--at", "2026"], "no option '--at'"),
                           (["export", "v1"], "a version and a file"), (["challenger"], "--none"), (["verify"], "--all"),
                           (["verify", "v1", "--all"], "--all"), (["challenger", "v1", "--none"], "--none"),
                           (["history", "--at", "yesterday"], "'yesterday'"), (["promote", "v1"], "--reason")]:
        assert message in cli("registry", *words, status=2).stderr, words
    told = [line.split()[0] for line in cli("registry", "--help").stdout.splitlines() if line[:2] == "  " and line[2:3].isalpha()]
    assert set(told) == VERBS, told
    assert "has no champion" in cli("registry", "rollback", status=1).stderr
    assert "no challenger" in cli("registry", "challenger", "--none", status=1).stderr
    assert "'v99'" in cli("registry", "delete", "v99", status=1).stderr


def check_list(cli):
    """The table and the document say the same; what a damaged version does not tell is not made up."""
    manifest = json_of(cli, "show", "v2")
    listed = json_of(cli, "list")["versions"][1]
    assert {key: listed[key] for key in ("cv_auc", "auc_roc", "threshold", "derived_from", "was", "split", "feature_set", "include_protected", "signed_with", "created_at", "imported_at")} == \
        {"cv_auc": manifest["metrics"]["cv_auc"], "auc_roc": manifest["metrics"]["auc_roc"],
         "threshold": manifest["optimal_threshold"], "derived_from": "v1", "was": None, "split": manifest["data"]["split"],
         "feature_set": manifest["feature_set"], "include_protected": False, "signed_with": None,
         "created_at": manifest["created_at"], "imported_at": None}, listed
    table = cli("registry", "list").stdout
    lines = table.splitlines()
    assert lines[0].split() == "version model CV AUC test AUC threshold created (UTC) from role".split(), lines
    assert lines[2].split() == ["v2", "logistic", f"{listed['cv_auc']:.4f}", f"{listed['auc_roc']:.4f}", f"{listed['threshold']:.2f}",
                                listed["created_at"][:10], listed["created_at"][11:16], "v1"], lines
    assert table.endswith(f"\n\nall versions: split {listed['split']}, set {listed['feature_set']}, protected left out\n"), "once, where they agree"
    assert max(map(len, lines)) <= 100, "a terminal's width"
    assert json_of(cli, "list")["versions"][0]["derived_from"] is None
    file = cli.dir / "models/retail/v2/manifest.json"
    text = file.read_text()
    for damage in (text.replace('"auc_roc": 0.', '"auc_roc": 0.9', 1), "{", None):
        if damage is None:
            file.unlink()
        else:
            assert damage != text
            file.write_text(damage)
        listed = json_of(cli, "list")["versions"][1]
        assert listed["cv_auc"] is None and listed["auc_roc"] is None and listed["include_protected"] is None and listed["threshold"] is None, listed
        damaged = cli("registry", "list").stdout
        assert damaged.splitlines()[2].split()[2:5] == ["?"] * 3, damaged
        assert damaged.splitlines()[-1] == table.splitlines()[-1].replace("versions", "versions that can be read"), "what is not known agrees with all"
    file.write_text(text)
    other = cli.dir / "models/retail/v1/manifest.json"
    text = other.read_text()
    other.write_text("{")
    assert cli("registry", "list").stdout.endswith(", protected left out, from v1\n"), "v1 does not tell that it was made of none"
    other.write_text(text)
    check_faults(cli)
    cli("registry", "verify", "v2")


def check_faults(cli):
    """What can be seen of damage without reading every file the list shows, and says who tells more; what cannot it leaves to `verify`."""
    folder, loud = cli.dir / "models/retail/v2", [word for word in cli.globals if word != "--quiet"]
    assert [v["fault"] for v in json_of(cli, "list")["versions"]] == [None, None] and cli("registry", "list", globals_=loud).stderr == ""
    golden = folder / "golden.jsonl"
    data = golden.read_bytes()
    for damage, fault in ((b"", f"has 0 bytes instead of {len(data)}"), (None, "is missing")):
        golden.unlink() if damage is None else golden.write_bytes(damage)
        assert json_of(cli, "list")["versions"][1]["fault"] == f"'{golden}' {fault}"
        done = cli("registry", "list", globals_=loud)
        assert done.stdout.splitlines()[2].endswith("  not intact"), done
        verify = shlex.join([cli.program, "registry", "verify", "v2", *map(str, loud)])
        assert done.stderr == f"v2 is not intact: '{golden}' {fault}; what to do says {verify}\n", (done.stderr, verify)
    golden.write_bytes(data)
    signature = folder / "manifest.sig"
    signature.write_text("{}")
    assert json_of(cli, "list")["versions"][1]["fault"] == f"'{signature}' is no signature"
    signature.unlink()
    check_unread_manifest(cli)
    for word in data[:1], data[-2:-1]:
        golden.write_bytes(data.replace(word, b" ", 1))
        assert json_of(cli, "list")["versions"][1]["fault"] is None, "as long as it was: it is not read"
        assert not json_of(cli, "verify", "v2", status=1)["ok"]
    golden.write_bytes(data)


def check_unread_manifest(cli):
    """A manifest that the system does not let us read is nobody's damage, and no version without a signature: list, verify and show say the same."""
    key = cli.dir / "list.sec"
    cli("registry", "keygen", key)
    signer = json_of(cli, "sign", "v1", "--key", key)["key"]
    rows = cli("registry", "list").stdout.splitlines()
    assert "signed with" in rows[0] and signer[:16] in rows[1] and signer[:16] not in rows[2] and "?" not in rows[2], rows
    loud = [word for word in cli.globals if word != "--quiet"]
    file = cli.dir / "models/retail/v2/manifest.json"
    aside = file.rename(cli.dir / "aside.json")
    file.mkdir()
    told = f"cannot read '{file}': Is a directory"
    listed = json_of(cli, "list")["versions"]
    assert [(v["fault"], v["fault_code"]) for v in listed] == [(None, None), (told, "EIO")], listed
    done = cli("registry", "list", globals_=loud)
    assert done.stdout.splitlines()[2].endswith("  cannot be read") and "not intact" not in done.stdout, done.stdout
    assert done.stderr == f"v2: {told}\n", done.stderr
    assert done.stdout.splitlines()[-1].startswith("all versions that can be read: ") and f"signed with {signer[:16]}" in done.stdout, done.stdout
    verified = json_of(cli, "verify", "v2", status=1)["versions"][0]
    assert verified["reason"] == told and "advice" not in verified, verified
    assert cli("registry", "show", "v2", status=1).stderr == f"creditrisk: {told}\n"
    file.rmdir()
    for damage in ("{", None):
        if damage is not None:
            file.write_text(damage)
        reason = json_of(cli, "verify", "v2", status=1)["versions"][0]["reason"]
        listed = json_of(cli, "list")["versions"][1]
        assert (listed["fault"], listed["fault_code"]) == (reason, "EMODEL"), (listed, reason)
        file.unlink(missing_ok=True)
    aside.rename(file)
    signatures = [cli.dir / f"models/retail/{version}/manifest.sig" for version in ("v1", "v2")]
    signatures[0].write_text("{}")
    cli("registry", "sign", "v2", "--key", key)
    rows = cli("registry", "list").stdout.splitlines()
    assert rows[1].endswith("not intact") and rows[-1].startswith("all versions that can be read: ") and signer[:16] in rows[-1], rows
    for signature in signatures:
        signature.unlink()


def check_roles(cli):
    v2 = publish(cli, "v1", 40000)
    assert v2 == "v2"
    cli("registry", "promote", "v1", "--reason", "first")
    assert "'v1' is the champion" in cli("registry", "challenger", "v1", status=1).stderr
    cli("registry", "challenger", "v2", "--reason", "in shadow")
    listed = {v["version"]: v for v in json_of(cli, "list")["versions"]}
    assert listed["v2"]["challenger"] and not listed["v2"]["champion"] and not listed["v1"]["challenger"]
    rows = cli("registry", "list").stdout.splitlines()
    assert rows[0].endswith("role") and rows[1].endswith("champion") and rows[2].endswith("challenger"), rows
    for version, role in (("v1", "champion"), ("v2", "challenger")):
        shown = json_of(cli, "show", version)
        assert {name: shown[name] for name in ("champion", "challenger")} == {name: name == role for name in ("champion", "challenger")}
        assert re.search(f"^role +{role}$", cli("registry", "show", version).stdout, re.MULTILINE), version
    for version in ("v1", "v2"):
        assert f"'{version}' is the c" in cli("registry", "delete", version, status=1).stderr
    answer = json_of(cli, "promote", "v2", "--reason", "won")
    assert answer["champion"] == "v2" and answer["before"] == "v1" and answer["reason"] == "won" and answer["changed"] is True
    assert answer["was_challenger"] is True, answer
    events = json_of(cli, "history")["events"]
    assert json_of(cli, "promote", "v2", "--reason", "twice")["changed"] is False
    assert cli("registry", "promote", "v2", "--reason", "thrice").stdout == "v2 of retail is the champion already: nothing is recorded\n"
    assert json_of(cli, "history")["events"] == events
    assert not any(v["challenger"] for v in json_of(cli, "list")["versions"])
    back = json_of(cli, "rollback", "--reason", "worse")
    assert back["was_challenger"] is False and back["champion"] == "v1" and back["before"] == "v2" and champion(cli) == ["v1"]
    assert "to go back to" in cli("registry", "rollback", status=1).stderr
    model = cli.dir / "models/retail/v2/model.json"
    cli("registry", "challenger", "v2")
    told = cli("registry", "promote", "v2", "--reason", "again").stdout
    assert told == "v2 of retail is the champion; before it was v1\nretail has no challenger any more: it was v2, whose shadow has ended\n", told
    cli("registry", "promote", "v1", "--reason", "and back")
    text = model.read_text()
    model.write_text(text + " ")
    assert "model.json" in cli("registry", "rollback", status=1).stderr, "back to what cannot serve"
    assert champion(cli) == ["v1"]
    refused = json_of(cli, "promote", "v2", "--reason", "broken", status=1)
    assert not refused["passed"] and refused["gates"] == [refused["gates"][0]] and refused["gates"][0]["name"] == "artifact"
    assert "gate 'artifact' refuses v2" in cli("registry", "promote", "v2", "--reason", "broken", status=1).stderr
    audit = json_of(cli, "verify", "--all", status=1)["portfolios"][0]
    assert not audit["ok"] and [v["ok"] for v in audit["versions"]] == [True, False] and "model.json" in audit["versions"][1]["reason"]
    assert "model.json" in cli("registry", "verify", "v2", status=1).stdout
    os.environ["CREDITRISK_PORTFOLIO"] = "hmeq"
    assert "model.json" in cli("registry", "verify", "--all", status=1).stdout, "whichever portfolio is the usual one"
    del os.environ["CREDITRISK_PORTFOLIO"]
    model.write_text(text)
    assert json_of(cli, "verify", "--all", "--portfolio", "retail") == {"portfolio": "retail", "ok": True, "unrecorded": [], "staged": [],
                                               "versions": [{"version": version, "ok": True, "signed_with": None} for version in ("v1", "v2")]}
    assert cli("registry", "verify", "v2").stdout.split("  ") == ["v2", "intact", "not signed\n"]
    check_list(cli)
    (cli.dir / "models/aside/v1").mkdir(parents=True)
    everything = json_of(cli, "verify", "--all")
    assert everything["ok"] and [(p["portfolio"], len(p["versions"]), p["unrecorded"]) for p in everything["portfolios"]] == \
        [("retail", 2, []), ("aside", 0, ["v1"])], everything
    assert "models/aside/v1" in cli("registry", "verify", "--all").stdout and "aside" not in cli("registry", "verify", "--all", "--portfolio", "retail").stdout
    shutil.rmtree(cli.dir / "models/aside")
    assert "'nope'" not in cli("registry", "list").stdout and "nope" in cli("registry", "list", "--portfolio", "nope", status=1).stderr
    (cli.dir / "models/retail/v77").mkdir()
    assert "v77 is not recorded" in cli("registry", "verify", "--all").stdout
    done = cli("registry", "delete", "v77")
    assert (done.stdout, done.stderr) == ("v77 of retail was not recorded; its folder is removed\n", "")


def check_damage(cli):
    """Whoever meets a damaged version is told what to do next, and what is told works."""
    verify, back = (f"{shlex.quote(cli.program)} registry {verb} " for verb in ("verify v2", "rollback"))
    model = cli.dir / "models/retail/v2/model.json"
    text = model.read_text()
    cli("registry", "promote", "v2", "--reason", "before it is damaged")
    model.write_text(text + " ")
    application = cli.root / "examples/application.json"
    for words in (["predict", application], ["predict", application, "--version-id", "v2"], ["registry", "show", "v2"],
                  ["registry", "export", "v2", cli.dir / "damaged.tar.gz"], ["threshold", "v2"], ["threshold"]):
        done = cli(*words, status=1)
        assert f"model.json' has {len(text) + 1} bytes instead of {len(text)}: run '{verify}" in done.stderr, done
    advice = json_of(cli, "verify", "v2", status=1)["versions"][0]["advice"]
    assert advice.startswith(f"it is the champion and no daemon loads it again: {back}") and " leads back to v1; then restore its folder" in advice, advice
    assert cli("registry", "verify", "v2", status=1).stdout.splitlines()[1] == f"v2: {advice}"
    check_successor(cli, back)
    for words in (["promote", "v2", "--reason", "x"], ["challenger", "v2"]):
        assert f": run '{verify}" in cli("registry", *words, status=1).stderr, words
    advice = json_of(cli, "verify", "v2", status=1)["versions"][0]["advice"]
    assert advice.startswith("restore its folder from a copy, or import it again"), advice
    cli("registry", "promote", "v2", "--reason", "x", status=1)
    model.write_text(text)
    assert "advice" not in json_of(cli, "verify", "v2")["versions"][0]


def check_successor(cli, back):
    """In place of the champion v2, which is damaged, one is named that can serve, which v1 is not as long as it is damaged, too; ends with v1."""
    before = cli.dir / "models/retail/v1/model.json"
    text = before.read_text()
    advice = lambda: json_of(cli, "verify", "--all", "--portfolio", "retail", status=1)["versions"][1]["advice"]
    before.write_text(text + " ")
    assert advice().startswith("it is the champion and no daemon loads it again, nor is there another version that can serve: restore its folder"), advice()
    assert "model.json" in cli("registry", "rollback", status=1).stderr, "which is why it is not advised"
    before.write_text(text)
    v3 = publish(cli, "v1", 30000)
    assert back in advice(), "as long as it works"
    before.write_text(text + " ")
    words = advice().split("again: ", 1)[1].split("; then restore its folder")[0]
    assert shlex.split(words)[:4] == [cli.program, "registry", "promote", v3], words
    cli(*shlex.split(words)[1:])
    before.write_text(text)
    cli("registry", "promote", "v1", "--reason", "as it was")
    cli("registry", "delete", v3)


def verify_as_reader(cli):
    """What `verify v2 --json` finds for somebody who is not the superuser; None where nobody else gets at the program."""
    other = {} if os.geteuid() != 0 else {"user": 65534, "group": 65534, "extra_groups": []}
    cli.dir.chmod(0o755)
    try:
        done = subprocess.run([cli.program, *cli.globals, "registry", "verify", "v2", "--json"], cwd=cli.root, capture_output=True, text=True,
                              check=False, **other)
    except PermissionError:
        return None
    return json.loads(done.stdout)["versions"][0]


def check_unreadable(cli):
    """Who may not read the champion is told that, and not what to do about damage."""
    folder = cli.dir / "models/retail/v2"
    cli("registry", "promote", "v2", "--reason", "to be read")
    if verify_as_reader(cli) is None:
        print(f"no other user may run {cli.program}: what one may not read is not looked at", file=sys.stderr)
    else:
        for path, mode in ((folder / "manifest.json", 0), (folder / "model.json", 0), (folder, 0), (folder, 0o311)):
            usual = path.stat().st_mode
            path.chmod(mode)
            found = verify_as_reader(cli)
            path.chmod(usual)
            assert not found["ok"] and "Permission denied" in found["reason"] and "advice" not in found, (path, found)
        assert verify_as_reader(cli)["ok"]
    cli("registry", "rollback")


def check_nothing_left(cli):
    """An import that is refused makes no registry; a database that is none is said to be none, and what to do."""
    archive, bad, folder = cli.dir / "good.tar.gz", cli.dir / "bad.tar.gz", cli.dir / "new/models"
    cli("registry", "export", "v1", archive)
    bad.write_bytes(archive.read_bytes()[:-100])
    there = [*cli.globals[:3], str(folder), "--quiet"]
    before = sorted(pathlib.Path(tempfile.gettempdir()).glob("creditrisk-??????"))
    assert f"'{bad}' is incomplete or damaged: the file ends before" in cli("registry", "import", bad, status=1, globals_=there).stderr
    for words in ([bad], [cli.root / "README.md"], [archive, "--portfolio", "hmeq"]):
        cli("registry", "import", *words, status=1, globals_=there)
        assert not folder.parent.exists(), words
    with Portfolios(edited_portfolio(cli, "strict-new", [("policy.yaml", "least: {auc_roc: 0.65}", "least: {auc_roc: 0.999}")])):
        assert "gate 'auc_roc'" in cli("registry", "import", archive, status=1, globals_=there).stderr
    os.environ["CREDITRISK_REGISTRY_REQUIRE_SIGNATURE"] = "true"
    assert "trusted_keys" in cli("registry", "import", archive, status=2, globals_=there).stderr
    os.environ["CREDITRISK_REGISTRY_TRUSTED_KEYS"] = str(cli.dir / "absent.pub")
    assert "absent.pub" in cli("registry", "import", archive, status=1, globals_=there).stderr
    for name in ("REQUIRE_SIGNATURE", "TRUSTED_KEYS"):
        del os.environ[f"CREDITRISK_REGISTRY_{name}"]
    done = import_from_pipe(cli, archive, there)
    assert done.returncode == 1 and b"'/dev/stdin' can be read but once" in done.stderr, done
    assert not folder.parent.exists()
    check_interrupted(cli, archive, [*cli.globals[:3], str(cli.dir / "interrupted"), "--quiet"])
    folder.mkdir(parents=True)
    for content, message in ((b"", "is not a registry's: it has no table 'schema_versions'"), (b"garbage" * 999, "is not an SQLite database")):
        (folder / "registry.db").write_bytes(content)
        done = cli("registry", "list", status=1, globals_=there)
        assert message in done.stderr and "restore it from a copy" in done.stderr and "sql:" not in done.stderr, done
        cli("registry", "import", bad, status=1, globals_=there)
        assert (folder / "registry.db").read_bytes() == content
    shutil.rmtree(folder)
    assert cli("registry", "import", archive, globals_=there).stdout == "v1 is in portfolio retail\n"
    check_older_program(cli, folder, there)
    assert sorted(pathlib.Path(tempfile.gettempdir()).glob("creditrisk-??????")) == before


def check_older_program(cli, folder, there):
    """Another program may still serve from the registry: `migrate` and a key leave its database as that reads it."""
    db = sqlite3.connect(folder / "registry.db")
    db.executescript("ALTER TABLE events DROP COLUMN details; DELETE FROM schema_versions WHERE version = 3")
    for words in (("migrate",), ("key", "create", "--scope", "read"), ("registry", "promote", "v1", "--reason", "old"), ("registry", "verify", "--all")):
        cli(*words, globals_=there)
        assert db.execute("SELECT max(version) FROM schema_versions").fetchone() == (2,), words
    db.close()


def check_delete(cli):
    """Who takes away the way back is told where it leads now."""
    first, second = publish(cli, "v1", 41000), publish(cli, "v1", 42000)
    for version in (first, second, "v1"):
        cli("registry", "promote", version, "--reason", "a way back")
    done = cli("registry", "delete", second, "--json")
    assert json.loads(done.stdout) == {"portfolio": "retail", "deleted": second, "recorded": True, "was_rollback_target": True}
    assert done.stderr == f"warning: rollback would have led to {second}; now it leads to {first}\n", done.stderr
    assert f"rollback would have led to {first}; now it leads " in cli("registry", "delete", first).stderr
    spare = publish(cli, "v1", 43000)
    done = cli("registry", "delete", spare, "--json")
    assert (json.loads(done.stdout)["was_rollback_target"], done.stderr) == (False, "")
    check_delete_several(cli)


def check_delete_several(cli):
    """Each is told; where one is refused none goes."""
    back, *spares = (publish(cli, "v1", cost) for cost in (44000, 45000, 46000))
    for version in (back, "v1"):
        cli("registry", "promote", version, "--reason", "a way back")
    for refused, message in (("v1", "'v1' is the champion: it is not deleted"), ("v99", "'v99'"), (spares[0], "is named twice")):
        assert message in cli("registry", "delete", *spares, refused, status=1).stderr
    assert {back, *spares} <= {v["version"] for v in json_of(cli, "list")["versions"]} and json_of(cli, "verify", "--all")["ok"]
    done = cli("registry", "delete", spares[0], back, "--reason", "both")
    assert done.stdout == f"{spares[0]} of retail is deleted; its history stays\n{back} of retail is deleted; its history stays\n", done
    assert done.stderr.startswith(f"warning: rollback would have led to {back}; now it leads ") and done.stderr.count("\n") == 1, done
    (cli.dir / "models/retail/v78").mkdir()
    answer = json_of(cli, "delete", spares[1], "v78")
    assert answer == {"portfolio": "retail", "versions": [
        {"portfolio": "retail", "deleted": spares[1], "recorded": True, "was_rollback_target": False},
        {"portfolio": "retail", "deleted": "v78", "recorded": False, "was_rollback_target": False}]}, answer
    assert not {back, *spares, "v78"} & {path.name for path in (cli.dir / "models/retail").iterdir()}
    check_delete_half(cli)


def make_unremovable(folder):
    """Its deepest path is too long to be named, for root as for others."""
    name, at = "x" * 255, os.open(folder, os.O_RDONLY)
    for _ in range(18):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def check_delete_half(cli):
    """A folder that stays is named, and who takes away the way back is told all the same."""
    back, spare = (publish(cli, "v1", cost) for cost in (47000, 48000))
    for version in (back, "v1"):
        cli("registry", "promote", version, "--reason", "a way back")
    folder = cli.dir / "models/retail" / back
    make_unremovable(folder)
    warning, told = cli("registry", "delete", back, spare, status=1).stderr.splitlines()
    assert warning.startswith(f"warning: rollback would have led to {back}; now it leads "), warning
    assert told.startswith(f"creditrisk: forgotten: {back}, {spare}; folders that are still there: {back} (cannot remove '{folder}': "), told
    assert not {back, spare} & {v["version"] for v in json_of(cli, "list")["versions"]} and not (folder.parent / spare).exists()
    shutil.rmtree(folder)


def check_gates(cli):
    """A gate that the policy as it is now sets: exit 1, its name, value and bound."""
    metrics = json_of(cli, "show", "v2")["metrics"]
    cases = {"auc_roc": ("least: {auc_roc: 0.65}", "least: {auc_roc: 0.999}", metrics["auc_roc"], 0.999),
             "calibration_error": ("calibration_error: 0.1", "calibration_error: 0.0001", metrics["ece"], 0.0001)}
    for gate, (old, new, value, bound) in cases.items():
        with Portfolios(edited_portfolio(cli, f"gate-{gate}", [("policy.yaml", old, new)])):
            refused = json_of(cli, "promote", "v2", "--reason", "x", status=1)
            failed = [entry for entry in refused["gates"] if not entry["passed"]]
            assert [(f["name"], f["value"], f["bound"]) for f in failed] == [(gate, value, bound)], refused
            done = cli("registry", "promote", "v2", "--reason", "x", status=1)
            assert f"gate '{gate}' refuses v2" in done.stderr and "FAILED" in done.stdout, done
            if gate == "auc_roc":
                report = json.loads(cli("train", "--no-search", "--models", "logistic", "--promote", "--json", status=1).stdout)
                assert report["promoted"] is False and [g["name"] for g in report["gates"] if not g["passed"]] == [gate]
                cli("registry", "delete", report["models"][0]["version"])
    traces = [e for e in json_of(cli, "history")["events"] if e["action"] == "refuse"][-5:]
    trained = report["models"][0]["version"]
    assert [(e["from"], e["to"], e["reason"], e["details"]["gates"]) for e in traces] == \
        [("v1", "v2", "x", "auc_roc")] * 2 + [("v1", trained, "champion of its training run", "auc_roc")] + [("v1", "v2", "x", "calibration_error")] * 2
    assert traces[0]["details"]["why"] == f"auc_roc is {metrics['auc_roc']:.6g}, below 0.999", traces[0]
    assert "gates calibration_error, why ece is " in cli("registry", "history").stdout.splitlines()[-1]
    n_events = len(json_of(cli, "history")["events"])
    for words in ([], ["--reason", "x"]):
        assert "nobody has to approve" in cli("registry", "promote", "v2", "--approve", *words, status=1).stderr
    assert champion(cli) == ["v1"] and len(json_of(cli, "history")["events"]) == n_events
    with Portfolios(edited_portfolio(cli, "approver", [("policy.yaml", "second_approver: false", "second_approver: true")])):
        promote = ["registry", "promote", "v2"]
        assert "nobody has asked" in as_actor("bob", lambda: cli(*promote, "--approve", status=1)).stderr
        assert "asked for by 'ann'" in as_actor("ann", lambda: cli(*promote, "--reason", "better", status=1)).stderr
        assert "cannot approve it" in as_actor("ann", lambda: cli(*promote, "--approve", status=1)).stderr
        assert champion(cli) == ["v1"]
        as_actor("bob", lambda: cli(*promote, "--approve", "--reason", "agreed"))
        assert champion(cli) == ["v2"]
    *tries, asked, own = [(e["action"], e["actor"], (e["details"] or {}).get("gates")) for e in json_of(cli, "history")["events"][-4:-1]]
    assert (tries, asked, own) == ([("refuse", "bob", "second_approver")], ("request", "ann", None), ("refuse", "ann", "second_approver"))
    last = [e for e in json_of(cli, "history")["events"] if e["action"] in ("request", "promote")][-2:]
    assert [(e["action"], e["from"], e["to"], e["actor"], e["reason"]) for e in last] == \
        [("request", "v1", "v2", "ann", "better"), ("promote", "v1", "v2", "bob", "agreed")]
    assert [e["details"] for e in last] == [None, {"requested_by": "ann", "requested_at": last[0]["at"]}]
    assert f"requested by ann, requested at {last[0]['at']}" in cli("registry", "history").stdout.splitlines()[-1]
    told = cli("registry", "history", "--at", last[1]["at"]).stdout
    assert told.endswith(f" by bob, agreed; requested by ann, requested at {last[0]['at']}\n"), told
    cli("registry", "rollback")


def check_rivals(cli):
    """Of two who promote the same version at once, one does it; the other says that nothing is recorded."""
    serving, other = "v1", "v2"
    for _ in range(6):
        words = [cli.program, *map(str, cli.globals), "registry", "promote", other, "--reason", "rival", "--json"]
        rivals = [subprocess.Popen(words, cwd=cli.root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        answers = [json.loads(rival.communicate(timeout=120)[0]) for rival in rivals]
        assert [rival.returncode for rival in rivals] == [0, 0], answers
        assert sorted((a["changed"], a["before"]) for a in answers) == [(False, other), (True, serving)], answers
        assert json_of(cli, "history")["events"][-1]["from"] == serving
        serving, other = other, serving


def check_rollback_restores_everything(cli):
    """Two versions with different features.sql and policy, the same body: each has its own answer, before and after going back."""
    ratio = "ELSE emi / monthly_income END                             AS dti_ratio"
    edits = [("features.sql", ratio, "ELSE 0.5 * emi / monthly_income END AS dti_ratio"), ("policy.yaml", "false_negative: 100000", "false_negative: 30000"),
             ("policy.yaml", "action: Manual Review", "action: Call The Customer")]
    with Portfolios(edited_portfolio(cli, "other", edits)):
        version = json.loads(cli("train", "--no-search", "--models", "logistic", "--json").stdout)["models"][0]["version"]
    first, own = predict(cli), predict(cli, "--version-id", version)
    assert first["model_version"] == "v1" and own["model_version"] == version
    assert first["margin"] != own["margin"] and first["optimal_threshold_used"] != own["optimal_threshold_used"]
    values = [next(f["value"] for f in seen["top_5_shap_features"] if f["name"] == "dti_ratio") for seen in (first, own)]
    assert values[1] == values[0] * 0.5, "the feature itself follows its text"
    cli("registry", "promote", version, "--reason", "other features")
    assert predict(cli) == own
    cli("registry", "rollback")
    assert predict(cli) == first
    folder = cli.dir / "models/retail"
    assert (folder / "v1/portfolio/features.sql").read_text() != (folder / version / "portfolio/features.sql").read_text()
    cli("registry", "delete", version)


def check_protected(cli):
    """A model on prohibited inputs never begins to serve without a word, in what way ever; the usual one does."""
    train = ["train", "--no-search", "--models", "logistic", "--json"]
    warning = "warning: {} was trained on inputs that are marked prohibited"
    done = cli(*train, "--include-protected", "--promote", globals_=[word for word in cli.globals if word != "--quiet"])
    assert "kill -HUP" in done.stderr and "serves now" not in done.stderr, "no running daemon has heard of it"
    report = json.loads(done.stdout)
    version = report["models"][0]["version"]
    assert report["include_protected"] is True and report["promoted"] and warning.format(version) in done.stderr, done.stderr
    for words, expected in ((["promote", "v1", "--reason", "usual"], False), (["promote", version, "--reason", "other"], True),
                            (["rollback"], False)):
        done = cli("registry", *words, "--json")
        answer = json.loads(done.stdout)
        assert answer["include_protected"] is expected and answer["champion"] == (version if expected else "v1"), answer
        assert (warning.format(version) in done.stderr) is expected and ("warning" in done.stderr) is expected, done.stderr
    cli("registry", "delete", version)


def import_from_pipe(cli, archive, there):
    return subprocess.run([cli.program, *there, "registry", "import", "/dev/stdin"], input=archive.read_bytes(), cwd=cli.root,
                          capture_output=True, check=False)


def check_interrupted(cli, archive, there):
    """An import that is tried before there is a registry leaves nothing when it is interrupted."""
    scratch = cli.dir / "scratch"
    scratch.mkdir()
    running = subprocess.Popen([cli.program, *there, "registry", "import", archive], cwd=cli.root, env={**os.environ, "TMPDIR": str(scratch)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and not any(scratch.iterdir()):
        pass
    running.send_signal(signal.SIGINT)
    assert running.wait() in (-signal.SIGINT, 0) and not any(scratch.iterdir()), list(scratch.rglob("*"))


def check_origin(cli, globals_, version, was):
    """An imported version was made of another registry's v1: list and show say so alike, whatever its name is here."""
    listed = json.loads(cli("registry", "list", "--json", globals_=globals_).stdout)["versions"][-1]
    shown = json.loads(cli("registry", "show", version, "--json", globals_=globals_).stdout)
    assert (listed["version"], listed["derived_from"], listed["was"]) == (version, "v1", was) == (shown["version"], shown["derived_from"], shown["was"]), listed
    arrival = [event for event in json.loads(cli("registry", "history", "--json", globals_=globals_).stdout)["events"] if event["action"] == "import"][-1]
    made = json_of(cli, "show", "v2")
    assert made["imported_at"] is None and made["created_at"] < arrival["at"], (made, arrival)
    for told in (listed, shown):
        assert (told["created_at"], told["imported_at"]) == (made["created_at"], arrival["at"]), "made there, imported here"
    words = cli("registry", "show", version, globals_=globals_).stdout
    assert re.search(f"^created_at +{made['created_at']}\n", words, re.M) and re.search(f"^imported_at +{arrival['at']}\n", words, re.M), words
    assert cli("registry", "list", globals_=globals_).stdout.endswith(", from import\n"), "v1 may be another one here"
    assert re.search(f"^was +{was}, in the registry that", cli("registry", "show", version, globals_=globals_).stdout, re.M)
    file = pathlib.Path(globals_[-1]) / "retail" / version / "manifest.json"
    text = file.read_text()
    file.write_text("{")
    listed = json.loads(cli("registry", "list", "--json", globals_=globals_).stdout)["versions"][-1]
    assert (listed["derived_from"], listed["was"]) == (None, was), "the import's own record tells it, too"
    assert cli("registry", "list", globals_=globals_).stdout.endswith("\n\nall versions: from import\n")
    file.write_text(text)


def check_other_names(cli, archive, there):
    """A name that was used here gives way, once; a word about the signature only where there is one."""
    loud = [*there[:3], str(cli.dir / "other")]
    new = f"the registry '{cli.dir}/other' (named by --registry) is new: it was not there before\n"
    assert cli("registry", "import", archive, "--reason", "a second home", globals_=loud).stderr.startswith(new)
    check_origin(cli, loud, "v2", "v2")
    cli("registry", "delete", "v2", globals_=loud)
    done = cli("registry", "import", archive, globals_=loud)
    assert done.stdout == "v3 is in portfolio retail; it was v2\n" and "was used here before\n" in done.stderr and new not in done.stderr, done
    manifest = json.loads((cli.dir / "other/retail/v3/manifest.json").read_text())
    check_origin(cli, loud, "v3", "v2")
    origin = manifest["imported_from"]
    assert origin["version"] == "v2" and len(origin["manifest_sha256"]) == 64
    assert cli("registry", "import", archive, globals_=loud).stdout == "v3 is in portfolio retail already; it was v2\n"
    cli("registry", "delete", "v3", globals_=loud)
    done = import_from_pipe(cli, archive, loud)
    assert done.returncode == 0 and done.stdout.startswith(b"v4 is in portfolio retail"), done
    arrival = json.loads(cli("registry", "history", "--json", globals_=loud).stdout)["events"][-1]["details"]
    assert (arrival["archive"], arrival["archive_sha256"]) == ("stdin", hashlib.sha256(archive.read_bytes()).hexdigest()), arrival


def check_archives(cli):
    """Out, over the border and in again: the same manifest, the same answers."""
    archive = cli.dir / "v2.tar.gz"
    archive.write_text("something else")
    assert f"'{archive}' is there already: --force replaces it" in cli("registry", "export", "v2", archive, status=1).stderr
    assert archive.read_text() == "something else"
    model = cli.dir / "models/retail/v2/model.json"
    intact = model.read_text()
    model.write_text(intact + " ")
    assert "--force replaces it" in cli("registry", "export", "v2", archive, status=1).stderr, "before any digest is looked at"
    assert "model.json" in cli("registry", "export", "v2", archive, "--force", status=1).stderr
    model.write_text(intact)
    cli("registry", "export", "v2", archive, "--force")
    pipe = cli.dir / "pipe"
    os.mkfifo(pipe)
    assert f"cannot write '{pipe}': not a regular file" in cli("registry", "export", "v2", pipe, "--force", status=1).stderr
    assert pipe.is_fifo(), "what is no file is not replaced"
    there = [*cli.globals[:3], str(cli.dir / "there"), "--quiet"]
    answer = json.loads(cli("registry", "import", archive, "--json", globals_=there).stdout)
    assert answer == {"portfolio": "retail", "version": "v2", "was": "v2", "imported": True}
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    arrival = json.loads(cli("registry", "history", "--json", globals_=there).stdout)["events"][-1]
    assert (arrival["action"], arrival["details"]) == ("import", {"archive": "v2.tar.gz", "archive_sha256": digest, "was": "v2"}), arrival
    assert f"archive v2.tar.gz, archive sha256 {digest[:16]}, was v2\n" in cli("registry", "history", globals_=there).stdout
    manifests = [(cli.dir / models / "retail/v2/manifest.json").read_bytes() for models in ("models", "there")]
    assert manifests[0] == manifests[1]
    cli("registry", "promote", "v2", "--reason", "imported", globals_=there)
    seen = json.loads(cli("predict", cli.root / "examples/application.json", "--json", globals_=there).stdout)
    assert seen == predict(cli, "--version-id", "v2")
    answer = json.loads(cli("registry", "import", archive, "--json", globals_=there).stdout)
    assert answer == {"portfolio": "retail", "version": "v2", "was": "v2", "imported": False}
    again = cli("registry", "import", archive, globals_=[g for g in there if g != "--quiet"])
    assert again.stdout == "v2 is in portfolio retail already\n" and again.stderr == "", again
    check_other_names(cli, archive, there)
    told = short_of_room(cli, 65536, "registry", "import", archive, globals_=[*there[:3], str(cli.dir / "small"), *there[4:]])
    assert re.fullmatch(r"creditrisk: cannot write '.*/\.staging.*/[^/]+': File too large\n", told) and str(archive) not in told, told
    bad = cli.dir / "bad.tar.gz"
    folder = cli.dir / "changed"
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    (folder / "model.json").write_text("{}")
    subprocess.run(["tar", "czf", bad, "-C", folder, "."], check=True)
    done = cli("registry", "import", bad, status=1, globals_=there)
    assert f"'{bad}/model.json' has 2 bytes" in done.stderr and ".staging" not in done.stdout + done.stderr, "the user's file is named"
    bad.write_bytes(archive.read_bytes()[:-100])
    with Portfolios(edited_portfolio(cli, "strict", [("policy.yaml", "least: {auc_roc: 0.65}", "least: {auc_roc: 0.999}")])):
        assert "gate 'auc_roc'" in cli("registry", "import", archive, status=1, globals_=there).stderr
    for file in (bad, cli.root / "README.md", cli.dir / "nothing"):
        assert str(file) in cli("registry", "import", file, status=1, globals_=there).stderr
    assert json.loads(cli("registry", "verify", "--all", "--json", globals_=there).stdout)["staged"] == [], "a refused import leaves nothing"
    assert "'v99'" in cli("registry", "export", "v99", cli.dir / "v99.tar.gz", status=1).stderr


def check_foreign_texts(cli):
    """What a manifest, a reason or a name of a folder says is shown, and commands nobody's terminal."""
    hostile = "\x1b[2J\x1b]0;owned\x07\u009b31m\r\n\u2028x"
    there = [*cli.globals[:3], str(cli.dir / "foreign"), "--quiet"]
    folder, archive = cli.dir / "hostile", cli.dir / "hostile.tar.gz"
    cli("registry", "export", "v2", archive)
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["data"].update({"split": hostile, hostile: hostile})
    manifest["software"][hostile] = {hostile: True}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    subprocess.run(["tar", "czf", archive, "-C", folder, "."], check=True)
    cli("registry", "import", archive, globals_=there)
    cli("registry", "promote", "v2", "--reason", hostile, globals_=there)
    (cli.dir / "foreign/retail" / hostile).mkdir()
    (cli.dir / "foreign" / f".staging-{hostile}").mkdir()
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    for words, shown in ((["show", "v2"], "data.?[2J"), (["list"], "?[2J"), (["history"], "?[2J"), (["history", "--at", now], "?[2J"),
                         (["verify", "--all"], "?[2J")):
        done = cli("registry", *words, globals_=there)
        assert shown in done.stdout and not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", done.stdout), (words, done.stdout)
    assert len(cli("registry", "history", globals_=there).stdout.splitlines()) == 3, "a line for each event"


def check_signature_shown(cli, version, key):
    """On whose word a version is what it is, wherever it is shown; and no word where the signature does not fit."""
    assert {v["version"]: v["signed_with"] for v in json_of(cli, "list")["versions"]}[version] == key
    assert key[:16] in cli("registry", "list").stdout and f"signed with {key[:16]}" in cli("registry", "verify", version).stdout
    assert key in cli("registry", "show", version).stdout and json_of(cli, "show", version)["signed_with"] == key
    assert json_of(cli, "verify", version)["versions"] == [{"version": version, "ok": True, "signed_with": key}]
    file = cli.dir / "models/retail" / version / "manifest.sig"
    signature = json.loads(text := file.read_text())["signature"]
    file.write_text(text.replace(signature, signature[::-1]))
    os.environ["CREDITRISK_REGISTRY_REQUIRE_SIGNATURE"] = "false"
    done = cli("registry", "verify", version, status=1)
    assert "is not what was signed" in done.stdout and json_of(cli, "list")["versions"][1]["signed_with"] is None, done
    os.environ["CREDITRISK_REGISTRY_REQUIRE_SIGNATURE"] = "true"
    file.write_text(text)


def check_signatures(cli):
    """Where signatures are required, nothing that is unsigned is looked at, promoted, imported or answered."""
    key, archive = cli.dir / "key", cli.dir / "unsigned.tar.gz"
    made = json_of(cli, "keygen", key)
    assert made["public"] == f"{key}.pub" and pathlib.Path(made["public"]).read_text().split()[0] == made["key"] and key.stat().st_mode & 0o777 == 0o600
    assert "not overwritten" in cli("registry", "keygen", key, status=1).stderr
    cli("registry", "export", "v2", archive)
    os.environ.update(CREDITRISK_REGISTRY_REQUIRE_SIGNATURE="true")
    try:
        for words in (["registry", "list"], ["config", "show"], ["predict", cli.root / "examples/application.json"]):
            assert "trusted_keys" in cli(*words, status=2).stderr, words
        os.environ["CREDITRISK_REGISTRY_TRUSTED_KEYS"] = str(cli.dir / "absent.pub")
        assert "absent.pub" in cli("registry", "list", status=1).stderr
        os.environ["CREDITRISK_REGISTRY_TRUSTED_KEYS"] = made["public"]
        assert "gate 'artifact' refuses v2" in (refused := cli("registry", "promote", "v2", "--reason", "x", status=1)).stderr and "is not signed" in refused.stderr
        for words in (["registry", "import", archive], ["registry", "verify", "v2"], ["predict", cli.root / "examples/application.json"],
                      ["registry", "challenger", "v2"]):
            done = cli(*words, status=1)
            assert "is not signed" in done.stdout + done.stderr, words
        other = cli.dir / "other-key"
        cli("registry", "keygen", other)
        cli("registry", "sign", "v2", "--key", other)
        assert "not trusted" in cli("registry", "promote", "v2", "--reason", "x", status=1).stderr
        assert "needs --key" in cli("registry", "sign", "v2", status=2).stderr
        before, refusal = json_of(cli, "history")["events"][-2:]
        replaced = before["details"]["key"]
        assert (before["action"], before["details"]) == ("sign", {"key": replaced}), before
        assert (refusal["action"], refusal["to"], refusal["details"]["gates"]) == ("refuse", "v2", "artifact"), refusal
        assert refusal["details"]["why"].startswith(f"'v2' is signed with the key '{replaced}'"), "where the registry is, is nobody's business"
        signed = cli("registry", "sign", "v2", "--key", key)
        assert signed.stdout == f"v2 of retail is signed with the key {made['key']}, in place of one with {replaced}\n", signed
        assert json_of(cli, "history")["events"][-1]["details"] == {"key": made["key"], "replaced_key": replaced}
        assert f"key {made['key'][:16]}, replaced key {replaced[:16]}\n" in cli("registry", "history").stdout
        assert json_of(cli, "sign", "v2", "--key", key) == {"portfolio": "retail", "version": "v2", "key": made["key"], "replaced_key": None}
        check_signature_shown(cli, "v2", made["key"])
        cli("registry", "promote", "v2", "--reason", "signed")
        assert predict(cli)["model_version"] == "v2"
        cli("registry", "export", "v2", archive, "--force")
        there = [*cli.globals[:3], str(cli.dir / "signed"), "--quiet"]
        cli("registry", "import", archive, globals_=there)
        cli("registry", "promote", "v2", "--reason", "its signature came along", globals_=there)
        assert "is not signed" in cli("registry", "rollback", status=1).stderr, "v1 never was"
    finally:
        for name in ("REQUIRE_SIGNATURE", "TRUSTED_KEYS"):
            os.environ.pop(f"CREDITRISK_REGISTRY_{name}", None)
    cli("registry", "rollback")
    assert [e["action"] for e in json_of(cli, "history")["events"][-6:]] == ["sign", "refuse", "sign", "sign", "promote", "rollback"]


def check_history_at(cli):
    """100 scripted changes; the program is asked for times between them, of which only this script knows who was champion."""
    rng = random.Random(4)
    versions = ["v1", "v2", publish(cli, "v1", 55000), publish(cli, "v1", 70000)]
    now = lambda: datetime.datetime.now(datetime.timezone.utc)
    stamp = lambda time: time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    before = now() - datetime.timedelta(milliseconds=2)
    known = [(before, champion(cli)[0])]
    stack = champion(cli)
    n_events = len(json_of(cli, "history")["events"])
    for _ in range(EVENTS):
        if len(stack) > 1 and rng.random() < 0.3:
            cli("registry", "rollback")
            stack.pop()
        else:
            version = rng.choice([version for version in versions if version != stack[-1]])
            cli("registry", "promote", version, "--reason", "scripted")
            stack.append(version)
        known.append((now() + datetime.timedelta(milliseconds=2), stack[-1]))
    events = json_of(cli, "history")["events"]
    assert len(events) == n_events + EVENTS
    for time, version in known:
        assert json_of(cli, "history", "--at", stamp(time))["champion"] == version, (time, version)
    # at an event's own millisecond it holds; in the one before it does not yet
    for i in rng.sample(range(len(events) - EVENTS + 1, len(events)), 20):
        at = datetime.datetime.fromisoformat(events[i]["at"].replace("Z", "+00:00"))
        if events[i - 1]["at"] < stamp(at - datetime.timedelta(milliseconds=1)):
            assert json_of(cli, "history", "--at", events[i]["at"])["champion"] == events[i]["to"]
            just_before = json_of(cli, "history", "--at", stamp(at - datetime.timedelta(milliseconds=1)))
            assert just_before["champion"] == events[i]["from"]
    first = datetime.datetime.fromisoformat(events[0]["at"].replace("Z", "+00:00")) - datetime.timedelta(days=1)
    assert json_of(cli, "history", "--at", stamp(first))["champion"] is None
    assert "had no champion" in cli("registry", "history", "--at", stamp(first)).stdout
    today = now().date().isoformat()
    assert json_of(cli, "history", "--at", today)["at"] == f"{today}T00:00:00.000Z", "a date is its midnight"
    for time in (stamp(now() + datetime.timedelta(days=1)), "9999-12-31"):
        assert f"'{time}' is still to come: it is " in cli("registry", "history", "--at", time, status=2).stderr
    unread = cli("registry", "history", "--at", "yesterday", status=2).stderr
    for form in ("2026-01-31", "2026-01-31T12:34", "…T12:34:56", "…T12:34:56.789"):
        assert form in unread, unread
        time = form.replace("…", "2026-01-31")
        assert json_of(cli, "history", "--at", time)["at"].startswith(time), "what is proposed is taken"
    offset = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    time, version = known[50]
    assert json_of(cli, "history", "--at", time.astimezone(offset).isoformat(timespec="milliseconds"))["champion"] == version
    table = cli("registry", "history").stdout.splitlines()
    assert len(table) == 1 + len(events) and "promote" in table[-1] + table[-2] + table[-3]
    print(f"history --at: {EVENTS} events, {len(known)} times asked")


def main():
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        cli("migrate")
        cli("generate", "--customers", 600, "--loans", 1200, "--seed", 11)
        cli("train", "--no-search", "--models", "logistic")
        for check in (check_words, check_roles, check_damage, check_unreadable, check_nothing_left, check_delete, check_gates, check_rivals, check_rollback_restores_everything, check_protected, check_archives, check_foreign_texts, check_signatures, check_history_at):
            check(cli)
            print(f"{check.__name__}: ok")
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
