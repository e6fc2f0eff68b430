"""hdrcli: fuse exposure brackets with trained networks and classical fusers."""

__version__ = "0.1.0"
