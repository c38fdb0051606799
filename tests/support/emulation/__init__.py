"""A GPU that is not there: the program's whole path through torch on a device, without one.

    with emulated("cuda", gib=24, devices=2) as gpu:
        ...                                     # torch.cuda says that there are two devices
        gpu.in_use(), gpu.peak(), gpu.moved     # bytes given out, bytes moved up and down

Tensors stay in main memory and are computed by the CPU. Those that were sent to the device carry
a mark, and a mode looks at every call of torch and behaves as a GPU would.

Caught:
    operands on two devices, or on two GPUs; an index on another device than what it indexes
    a generator of another device than the tensor that it fills
    results taken to numpy without coming back to main memory first
    networks and tensors that stay behind; memory that is not given back
    more memory than the device has (a peak, a plan that does not hold)
    bytes that are moved up and down, how often, and how often the device is waited for
    float64 on Apple's device ("mps"), which has none
    all this in threads, too, that begin while the emulation is on

Not caught:
    kernels: their rounding, their time, which of them exist; a test that needs them carries the
    marker `kernels` and is skipped where there is no such device
    streams and events (they do nothing), pinned memory, compiled code, bitsandbytes, torchao
    working memory within one call of torch: only what calls return is counted
    autocast runs as the CPU's: the same operators, save a few, in half precision
    threads that were there before the emulation began, and other processes
"""

from emulation.emulation import Emulation as Emulation
from emulation.emulation import emulated as emulated
from emulation.ledger import Ledger as Ledger
from emulation.ledger import Moved as Moved
