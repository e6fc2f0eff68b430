"""`hdrcli bench`: how fast fusing is on this machine, beside its peers and beside what the machine could do.

All that is measured runs in processes of its own (`processes`, `child`), one after the other, taking turns; the one
that asks for it stays small, for a process begins with the peak memory of the one it was started from. README.md, in
this folder, says how all was measured and holds the tables.
"""
