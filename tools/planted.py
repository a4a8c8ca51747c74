# SPDX-License-Identifier: Apache-2.0
"""How the checkers of the tree prove that they find what they should: planted violations, and clean files."""
import pathlib
import tempfile


def self_test(planted, clean, found_in):
    """planted: (path, text, part of the finding); clean: (path, text), nothing may be found. found_in(folder, path)
    gives the findings of a tree that holds that one file. The exit code; prints what was not as wanted."""
    failed = 0
    for name, text, want in planted + [(n, t, None) for n, t in clean]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            found = found_in(pathlib.Path(folder), name)
        good = (not found) if want is None else any(want in f for f in found)
        if not good:
            failed += 1
            print(f"self-test: {name}: wanted {want!r}, found {found}")
    total = len(planted) + len(clean)
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0
