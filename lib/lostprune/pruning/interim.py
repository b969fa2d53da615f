import copy
from .allocation import ladder
from .masks import VanishedLayer, validate, vanished, zero
from .layers import prunable


def apply(network, masks):
    zero(network, masks)


def prune(network, method, keep_ratio, samples=None, masks=None):
    network = copy.deepcopy(network)
    if masks:
        zero(network, masks)
    steps = ladder(network, method, samples)
    total = sum(p.numel() for p in network.parameters())
    rest = total - sum(l.weight.numel() for l in prunable(network).values())

    def at(rung):
        found = steps.masks(rung)
        return {n: m & masks[n] for n, m in found.items()} if masks else found

    low, high = 0, steps.top
    while high - low > 1:
        mid = (low + high) // 2
        size = rest + sum(int(m.sum()) for m in at(mid).values())
        low, high = (mid, high) if size < keep_ratio * total else (low, mid)
    found = at(high)
    if v := vanished(found, {n: l.weight for n, l in prunable(network).items()}):
        raise VanishedLayer(v)
    return found
