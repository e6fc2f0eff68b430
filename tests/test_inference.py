"""The precision that a device gets by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hdrcli import inference, plugins
from hdrcli.contracts import Network

CPU = torch.device("cpu")
CPUINFO = Path("/proc/cpuinfo")


def network(name: str) -> Network:
    return plugins.load("networks", name).NETWORK


@pytest.mark.skipif(not CPUINFO.is_file(), reason="only Linux lists the processor's instructions there")
def test_auto_is_bf16_where_the_processor_has_instructions_for_it() -> None:
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this PyTorch can't tell")
    fast = bool({"avx512_bf16", "amx_bf16"} & set(CPUINFO.read_text("utf-8").split()))
    expected = torch.bfloat16 if fast else torch.float32
    assert inference.choose_precision("auto", CPU, network("dfgnet")) == expected


@pytest.mark.parametrize(("has", "expected"), [({"amx_bf16": True}, torch.bfloat16), ({"avx2": True}, torch.float32)])
def test_auto_on_other_processors(has: dict[str, bool], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    assert inference.choose_precision("auto", CPU, network("dfgnet")) == expected
    assert inference.choose_precision("auto", CPU, network("dpg")) == torch.float32  # its picture doesn't bear bf16
    assert inference.choose_precision("bf16", CPU, network("dpg")) == torch.bfloat16  # it does as it is told
