"""Many at once: no commit is lost, none is doubled, and history stays a line."""
import concurrent.futures
import os

WRITERS = 50


def test_fifty_writers_to_one_branch_land_each_or_are_told_so(hub, alice, repository):
    start = hub.head_commit(repository, alice)
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(
            lambda index: hub.commit(repository, {f"f{index}": b"%d" % index}, alice, parent=start,
                                     summary=f"writer {index}"), range(WRITERS)))
    landed = [index for index, answer in enumerate(answers) if answer.status == 200]
    assert {answer.status for answer in answers} <= {200, 412}
    assert len(landed) == 1, "only one can follow the same parent"

    def insist(index):
        """Tries until it lands, on whatever is there."""
        while True:
            parent = hub.head_commit(repository, alice)
            answer = hub.commit(repository, {f"g{index}": b"%d" % index}, alice, parent=parent,
                                summary=f"writer {index}")
            if answer.status == 200:
                return answer.json["commitOid"]
            assert answer.status == 412, answer

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        names = list(pool.map(insist, range(WRITERS)))
    assert len(set(names)) == WRITERS
    history = [commit["id"] for commit in hub.history(repository, alice)]
    assert len(history) == len(set(history)) == WRITERS + 3 - 1
    assert set(names) <= set(history)
    tree = hub.get(f"/api/models/{repository}/tree/main?recursive=true", token=alice).json
    assert {entry["path"] for entry in tree} == {f"g{i}" for i in range(WRITERS)} | {f"f{landed[0]}"}


def test_fifty_writers_without_a_parent_all_land(hub, alice, repository):
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(
            lambda index: hub.commit(repository, {f"f{index}": b"%d" % index}, alice), range(WRITERS)))
    assert {answer.status for answer in answers} == {200}
    assert len(hub.history(repository, alice)) == WRITERS + 1
    tree = hub.get(f"/api/models/{repository}/tree/main", token=alice).json
    assert len(tree) == WRITERS


def test_one_name_is_made_once(hub, alice):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(
            lambda _: hub.post("/api/repos/create", {"name": "once"}, token=alice), range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 19


def test_readers_see_one_commit_or_the_next_and_no_mixture(hub, alice, repository):
    def content(turn):
        return {"a": b"%d" % turn, "b": b"%d" % turn}

    hub.committed(repository, content(0), alice)
    stop = []

    def read():
        seen = 0
        while not stop:
            commit = hub.head_commit(repository, alice)
            pair = {hub.get(f"/{repository}/resolve/{commit}/{name}", token=alice).body for name in "ab"}
            assert len(pair) == 1
            seen += 1
        return seen

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for turn in range(1, 40):
            hub.committed(repository, content(turn), alice)
        stop.append(True)
        assert sum(reader.result() for reader in readers) > 20


def test_the_same_content_from_many_is_kept_once(hub, alice, bob):
    content = os.urandom(100_000)
    names = [hub.make(f"alice/same{index}", alice) for index in range(5)]
    before = hub.contents()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda name: hub.committed(name, {"w": content}, alice), names))
    assert len(hub.contents() - before) == 1
