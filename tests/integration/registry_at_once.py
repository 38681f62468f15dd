#!/usr/bin/env python3
"""Several real programs publish into one registry, or import, at once: each gets versions of its own, none is damaged, and the champion's pointer is
whole.

usage: registry_at_once.py CREDITRISK SOURCE_ROOT
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

from cli import Cli

LOST = "the champion was changed meanwhile: it is 'v"
SEEDS = (1, 2)
KINDS = ["logistic", "gbm"]
N_IMPORTS = 6
COSTS = range(20000, 28000, 1000)


def json_of(cli, *words):
    return json.loads(cli(*words, "--json").stdout)


def versions_of(cli):
    return json_of(cli, "registry", "list")["versions"]


def champion_of(cli):
    champions = [version["version"] for version in versions_of(cli) if version["champion"]]
    assert len(champions) <= 1, champions
    return champions[0] if champions else None


def at_once(cli, calls):
    """Exit status and document of each."""
    words = [[cli.program, *cli.globals, *map(str, call), "--json"] for call in calls]
    running = [subprocess.Popen(call, cwd=cli.root, stdout=subprocess.PIPE, text=True) for call in words]
    try:
        documents = [json.loads(process.communicate(timeout=240)[0]) for process in running]
    finally:
        for process in running:
            process.kill()  # nothing for one that has ended
            process.wait()
    return [(process.returncode, document) for process, document in zip(running, documents)]


def check_whole(cli, n_versions):
    audit = json_of(cli, "registry", "verify", "--all", "--portfolio", "retail")
    assert audit["ok"] and len(audit["versions"]) == n_versions and not audit["unrecorded"] and not audit["staged"], audit
    assert [version["version"] for version in versions_of(cli)] == [f"v{i + 1}" for i in range(n_versions)]


def check_manifests(cli, seed, document):
    """The run's versions are what it has told of them, and no other run's."""
    assert [model["kind"] for model in document["models"]] == KINDS, document
    for model in document["models"]:
        manifest = json_of(cli, "registry", "show", model["version"])
        assert (manifest["seed"], manifest["model"]["kind"], manifest["metrics"]["cv_auc"]) == (seed, model["kind"], model["cv_auc"]), manifest


def check_pointer(cli, before, promoted):
    """Every promotion began with the champion that the one before it had made, and the last one's serves."""
    assert promoted, "of several at once none was promoted, though the first to ask finds the champion that it has seen"
    events = [event for event in json_of(cli, "registry", "history")["events"] if event["action"] == "promote"][-len(promoted):]
    assert {event["to"] for event in events} == promoted, (events, promoted)
    for event in events:
        assert event["from"] == before, events
        before = event["to"]
    assert champion_of(cli) == before
    assert json_of(cli, "predict", cli.root / "examples/application.json")["model_version"] == before


def check_trainings(cli):
    """The first round begins the registry, too. A promotion against a champion that another run has replaced is refused, not lost."""
    for n_rounds in (1, 2):
        before = champion_of(cli) if n_rounds > 1 else None
        ends = at_once(cli, [["train", "--no-search", "--models", ",".join(KINDS), "--seed", seed, "--promote"] for seed in SEEDS])
        promoted = set()
        for seed, (status, document) in zip(SEEDS, ends):
            check_manifests(cli, seed, document)
            if status == 0:
                assert document["promoted"], document
                promoted.add(document["champion"])
            else:
                assert status == 1 and document["error"]["message"].startswith(LOST), document
        names = [model["version"] for _, document in ends for model in document["models"]]
        assert len(set(names)) == len(names) == len(SEEDS) * len(KINDS), names
        check_whole(cli, n_rounds * len(names))
        check_pointer(cli, before, promoted)


def check_thresholds(cli):
    """Versions with other costs of one and the same version; none of them serves."""
    before, n_before = champion_of(cli), len(versions_of(cli))
    ends = at_once(cli, [["threshold", "v1", "--false-negative", cost, "--publish", "--reason", f"costs {cost}"] for cost in COSTS])
    assert [status for status, _ in ends] == [0] * len(COSTS), ends
    for cost, (_, document) in zip(COSTS, ends):
        manifest = json_of(cli, "registry", "show", document["published"])
        assert (manifest["derived_from"], manifest["reason"], manifest["costs"]["false_negative"]) == ("v1", f"costs {cost}", cost), manifest
    assert len({document["published"] for _, document in ends}) == len(COSTS), ends
    check_whole(cli, n_before + len(COSTS))
    assert champion_of(cli) == before


def check_imports(cli):
    """One and the same version of another registry, whose name is used here: one of them records it, the others find it."""
    there, archive = [*cli.globals[:3], str(cli.dir / "there"), "--quiet"], cli.dir / "version.tar.gz"
    cli("registry", "export", "v1", archive)
    cli("registry", "import", archive, globals_=there)
    cli("threshold", "v1", "--false-negative", 60000, "--publish", "--reason", "elsewhere", globals_=there)
    cli("registry", "export", "v2", archive, "--force", globals_=there)
    before, n_before = champion_of(cli), len(versions_of(cli))
    ends = at_once(cli, [["registry", "import", archive]] * N_IMPORTS)
    assert [status for status, _ in ends] == [0] * N_IMPORTS, ends
    assert sorted(document["imported"] for _, document in ends) == [False] * (N_IMPORTS - 1) + [True], ends
    assert {(document["version"], document["was"]) for _, document in ends} == {(f"v{n_before + 1}", "v2")}, ends
    check_whole(cli, n_before + 1)
    assert champion_of(cli) == before


def main():
    cli = Cli(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]))
    try:
        cli("migrate")
        cli("generate", "--customers", 600, "--loans", 1200, "--seed", 11)
        for check in (check_trainings, check_thresholds, check_imports):
            check(cli)
            print(f"{check.__name__}: ok")
    finally:
        shutil.rmtree(cli.dir)


if __name__ == "__main__":
    main()
