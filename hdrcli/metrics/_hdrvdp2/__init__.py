"""HDR-VDP-2: what an eye sees of the differences between two pictures of known luminance.

Mantiuk, Kim, Rempel & Heidrich, "HDR-VDP-2: A calibrated visual metric for visibility and quality predictions in all
luminance conditions" (ACM Trans. Graphics 30(4), 2011), with the quality that Narwaria, Mantiuk, Perreira Da Silva & Le
Callet, "HDR-VDP-2.2: a calibrated method for objective quality prediction of high-dynamic range and standard images"
(J. Electronic Imaging 24(1), 2015) fitted anew, as the authors' version 2.2.1 computes both with its default options.
The files follow a picture on its way: `eye` (light to response), `pyramid` (response to bands), `sensitivity` (what
contrast is seen in a band), `masking` (what is seen beside other contrast), `model` (all of it).
"""
