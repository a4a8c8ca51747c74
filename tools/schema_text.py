# SPDX-License-Identifier: Apache-2.0
"""The text of a .proto file with those that it imports in the place of the import lines."""
import pathlib
import re


def read(path):
    root = pathlib.Path(path)
    text = root.read_text(encoding="utf-8")
    return re.sub(r'^import "([\w/]+\.proto)";$', lambda m: (root.parent / m[1]).read_text(encoding="utf-8"),
                  text, flags=re.M)
