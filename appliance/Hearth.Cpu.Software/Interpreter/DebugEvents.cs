namespace Hearth.Cpu.Software;

/// <summary>Breakpoints and single-step: what happens between instructions (Intel SDM Vol. 3, section 17.3).</summary>
/// <remarks>
/// In <see cref="ModeFlags.SingleStep"/> the runtime calls <see cref="Begin"/> before an instruction and <see cref="End"/>
/// after it. Outside, it calls <see cref="End"/> after an access that went past the soft TLB when <see cref="HasHits"/>.
/// </remarks>
internal sealed unsafe class DebugEvents
{
    private readonly VcpuState* _state;

    /// <summary>DR6 bits of the breakpoints that the instruction at hand has hit.</summary>
    private ulong _hits;
    private bool _traced;
    private bool _resumeAtBegin;
    private bool _keepResume;
    private bool _inhibited;

    public DebugEvents(VcpuState* state) => _state = state;

    /// <summary>A data or port breakpoint was hit and #DB is due at the end of the instruction.</summary>
    public bool HasHits => _hits != 0;

    /// <summary>Before an instruction: notes TF, and checks the fetch breakpoints unless RF is set.</summary>
    /// <returns>False when #DB is pending.</returns>
    public bool Begin()
    {
        _traced = (_state->SystemFlags & Rflags.Trap) != 0;
        _resumeAtBegin = (_state->SystemFlags & Rflags.Resume) != 0;
        _keepResume = false;
        if (_resumeAtBegin || _inhibited)
            return true;
        ulong hits = FetchHits(_state->SegmentBase[(int)SegmentName.CS] + _state->Rip);
        if (hits == 0)
            return true;
        PendingFault.Set(_state, ExceptionVector.Debug);
        _state->FaultAddress = hits;
        return false;
    }

    /// <summary>After an instruction has completed: clears RF, and raises the traps that are due.</summary>
    /// <returns>False when #DB is pending; RIP is past the instruction.</returns>
    public bool End()
    {
        if (_resumeAtBegin && !_keepResume && (_state->SystemFlags & Rflags.Resume) != 0)
        {
            _state->SystemFlags &= ~Rflags.Resume;
            ModeState.Update(_state);
        }

        _resumeAtBegin = false;
        ulong due = _hits | (_traced ? DebugControl.SingleStep : 0);
        _hits = 0;
        _traced = false;
        bool inhibited = _inhibited;
        _inhibited = false;
        if (due == 0 || inhibited)
            return true;
        PendingFault.Set(_state, ExceptionVector.Debug);
        _state->FaultAddress = due;
        return false;
    }

    /// <summary>An event was delivered, or an instruction turned TF off by itself: the traps of the instruction are dropped.</summary>
    public void Cancel()
    {
        _hits = 0;
        _traced = false;
        _inhibited = false;
    }

    /// <summary>IRET or a task switch loaded RF: it counts for the next instruction.</summary>
    public void KeepResume() => _keepResume = true;

    /// <summary>A task switch found T set in the new task's TSS (Intel SDM Vol. 3, section 17.3.1.5).</summary>
    public void NoteTaskSwitch() => _hits |= DebugControl.TaskSwitch;

    /// <summary>MOV SS and POP SS hold back all traps of their own (Intel SDM Vol. 3, section 6.8.3).</summary>
    public void InhibitAfterStackLoad() => _inhibited = true;

    /// <summary>Looks for data breakpoints; called for each access that C# makes.</summary>
    public void NoteData(ulong linear, int size, bool write)
    {
        ulong dr7 = _state->DebugRegister[5];
        if ((dr7 & 0xFF) == 0)
            return;
        for (int i = 0; i < 4; i++)
        {
            int kind = DebugControl.KindOf(dr7, i);
            if ((kind == 3 || (kind == DebugControl.WriteOnly && write)) && Overlaps(dr7, i, linear, size))
                _hits |= 1UL << i;
        }
    }

    /// <summary>Looks for port breakpoints (CR4.DE).</summary>
    public void NotePort(ushort port, int size)
    {
        ulong dr7 = _state->DebugRegister[5];
        if ((dr7 & 0xFF) == 0 || (_state->Cr4 & ControlRegister.Cr4DebuggingExtensions) == 0)
            return;
        for (int i = 0; i < 4; i++)
        {
            if (DebugControl.KindOf(dr7, i) == DebugControl.Port && Overlaps(dr7, i, port, size))
                _hits |= 1UL << i;
        }
    }

    private ulong FetchHits(ulong linear)
    {
        ulong dr7 = _state->DebugRegister[5];
        if ((dr7 & 0xFF) == 0)
            return 0;
        if ((_state->Mode & (uint)ModeFlags.Long) == 0)
            linear = (uint)linear;
        ulong hits = 0;
        for (int i = 0; i < 4; i++)
        {
            if (DebugControl.KindOf(dr7, i) == DebugControl.Execute && _state->DebugRegister[i] == linear)
                hits |= 1UL << i;
        }

        return hits;
    }

    /// <summary>A breakpoint covers its naturally aligned bytes (Intel SDM Vol. 3, section 17.2.5).</summary>
    private bool Overlaps(ulong dr7, int i, ulong address, int size)
    {
        ulong length = (ulong)DebugControl.LengthOf(dr7, i);
        ulong start = _state->DebugRegister[i] & ~(length - 1);
        return address < start + length && start < address + (ulong)size;
    }
}
