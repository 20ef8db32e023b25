using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>CMPXCHG8B and CMPXCHG16B (Intel SDM Vol. 2). The exchange is atomic in RAM, with and without LOCK.</summary>
/// <remarks>A CMPXCHG8B that crosses a page, or that goes to a device, is a read and a write: there it is not atomic.</remarks>
internal sealed unsafe class CompareExchangeInstructions
{
    // SAFETY: the state block outlives the interpreter; a window is used only for a range within its page.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly RamWindows _windows;
    private readonly HostInstructions _host;

    public CompareExchangeInstructions(VcpuState* state, GuestAccess access, RamWindows windows, HostInstructions host)
    {
        _state = state;
        _access = access;
        _windows = windows;
        _host = host;
    }

    public StepResult Execute(in Instruction instruction)
    {
        int half = instruction.Code == Code.Cmpxchg16b_m128 ? 8 : 4;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        if (!_access.TryLinear(segment, offset, 2 * half, MemoryAccess.Write, out ulong linear))
            return StepResult.Fault;
        if (half == 8 && linear % 16 != 0)
            return PendingFault.GeneralProtection(_state);
        if (!_access.TryProbeWrite(segment, offset, 2 * half))
            return StepResult.Fault;

        ulong* found = stackalloc ulong[2];
        found[0] = OperandAccess.Read(_state, GeneralRegister.Rax, half);
        found[1] = OperandAccess.Read(_state, GeneralRegister.Rdx, half);
        ulong* desired = stackalloc ulong[2];
        desired[0] = OperandAccess.Read(_state, GeneralRegister.Rbx, half);
        desired[1] = OperandAccess.Read(_state, GeneralRegister.Rcx, half);
        if (!TryExchange(segment, offset, linear, half, found, desired, out bool equal))
            return StepResult.Fault;

        _state->ArithmeticFlags = (_state->ArithmeticFlags & ~ArithmeticFlag.Zero) | (equal ? ArithmeticFlag.Zero : 0);
        if (!equal)
        {
            OperandAccess.Write(_state, GeneralRegister.Rax, half, found[0]);
            OperandAccess.Write(_state, GeneralRegister.Rdx, half, found[1]);
        }

        return Completion.Advance(_state, instruction);
    }

    private bool TryExchange(
        SegmentName segment, ulong offset, ulong linear, int half, ulong* found, ulong* desired, out bool equal)
    {
        bool inOnePage = (linear & (GuestRam.PageSize - 1)) + (ulong)(2 * half) <= GuestRam.PageSize;
        if (!inOnePage || !_windows.TryOpen(segment, offset, 2 * half, MemoryAccess.Write, out RamWindow window))
            return TryExchangeInParts(segment, offset, half, found, desired, out equal);

        equal = half == 8 ? _host.CompareExchange16(window.Host, found, desired) : Exchange8(window.Host, found, desired);
        _windows.NoteWrite(window, 2 * half);
        return true;
    }

    private static bool Exchange8(byte* memory, ulong* found, ulong* desired)
    {
        ulong expected = found[0] | (found[1] << 32);
        ulong old = Interlocked.CompareExchange(ref *(ulong*)memory, desired[0] | (desired[1] << 32), expected);
        found[0] = (uint)old;
        found[1] = old >> 32;
        return old == expected;
    }

    private bool TryExchangeInParts(SegmentName segment, ulong offset, int half, ulong* found, ulong* desired, out bool equal)
    {
        equal = false;
        if (!_access.TryRead(segment, offset, half, out ulong low) || !_access.TryRead(segment, offset + (ulong)half, half, out ulong high))
            return false;
        equal = low == found[0] && high == found[1];
        found[0] = low;
        found[1] = high;

        // The processor writes in either case: what it found when it does not exchange.
        return _access.TryWrite(segment, offset, half, equal ? desired[0] : low)
            && _access.TryWrite(segment, offset + (ulong)half, half, equal ? desired[1] : high);
    }
}
