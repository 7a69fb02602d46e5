"""How often a serving process looks for garbage that refers to itself."""

from __future__ import annotations

import gc

#: Objects more made than gone before the young are looked through, and how many such looks make one at the older.
SELDOM = (10_000, 10, 10)


def collect_seldom() -> None:
    """Leave alone what is there now, since it stays as long as the process, and look less often at what is to come.

    A batch of mails makes some thousands of objects, none of them in a cycle: to look through them every 700 took a
    twelfth of the CPU from publishing to the last mail.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
