"""A linear layer and its adapter in one operation give what peft gives."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from helpers.training.lora_linear import fused_adapters


class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 5, bias=True)
        self.second = torch.nn.Linear(5, 4, bias=False)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def adapted(**options):
    """A model of two layers with an adapter whose ``B`` is not zero, and a copy of it."""
    torch.manual_seed(0)
    config = LoraConfig(r=2, lora_alpha=6, target_modules=["first", "second"], **options)
    model = get_peft_model(Layers(), config).train()
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    return model, copy.deepcopy(model)


def gradients(model, x):
    x = x.clone().requires_grad_()
    result = model(x)
    result.float().pow(2).sum().backward()
    return [result, x.grad, *(p.grad for p in model.parameters() if p.requires_grad)]


@pytest.mark.parametrize("autocast, tolerance", [(False, 1e-5), (True, 3e-2)])
def test_values_and_gradients_are_those_of_peft(autocast, tolerance):
    x = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(1))
    model, fused = adapted()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast), fused_adapters(fused):
        theirs, mine = gradients(model, x), gradients(fused, x)
    assert len(mine) == 6 and mine[0].shape == (2, 3, 4) and mine[0].dtype == theirs[0].dtype
    for one, other in zip(mine, theirs, strict=True):
        scale = float(other.detach().abs().max())
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("options", [{"lora_dropout": 0.5}, {"use_dora": True}])
def test_other_adapters_are_left_to_peft(options):
    x = torch.randn(3, 6)
    model, fused = adapted(**options)
    torch.manual_seed(3)
    expected = model(x)
    torch.manual_seed(3)
    with fused_adapters(fused):
        torch.testing.assert_close(fused(x), expected)


def test_an_adapter_can_be_switched_off_and_copied():
    x = torch.randn(3, 6)
    model, _ = adapted()
    with_adapter = model(x)
    with fused_adapters(model):
        with model.disable_adapter():
            assert not torch.allclose(model(x), with_adapter)
        torch.testing.assert_close(copy.deepcopy(model)(x), with_adapter)
    assert torch.equal(model(x), with_adapter)
