using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>The model-specific registers of a vCPU: those that every engine has, and what else this kernel's KVM keeps.</summary>
internal sealed class MsrSet
{
    private const uint HyperVFirst = 0x4000_0000;
    private const uint HyperVLast = 0x4000_0FFF;

    private readonly KvmVcpuHandle _vcpu;
    private readonly string _model;

    // What KVM can read here, and the values that are saved only where the guest has changed them: of this KVM alone, as it has them at RESET.
    private readonly MsrBlock _readable;
    private readonly Dictionary<uint, ulong> _others = [];

    /// <param name="vcpu">Just created, its CPUID set.</param>
    /// <param name="kept">What KVM says it saves and restores.</param>
    public MsrSet(KvmVcpuHandle vcpu, IEnumerable<uint> kept, CpuModel model)
    {
        _vcpu = vcpu;
        _model = model.Name;
        var readable = new List<uint>();
        foreach (uint index in Msr.ResetValues.Keys.Union(kept).Where(index => !BelongsElsewhere(index)))
        {
            if (!vcpu.TryGetMsr(index, out ulong value))
                continue;
            readable.Add(index);
            if (!Msr.ResetValues.ContainsKey(index))
                _others[index] = value;
        }

        _readable = new MsrBlock(readable);
    }

    public void Save(SortedDictionary<uint, ulong> to)
    {
        foreach ((uint index, ulong initial) in Msr.ResetValues)
            to[index] = initial;
        foreach ((uint index, ulong value) in _readable.Read(_vcpu))
        {
            if (!_others.TryGetValue(index, out ulong initial) || value != initial)
                to[index] = value;
        }
    }

    /// <summary>Sets every register: one that is not named gets its value after RESET.</summary>
    /// <exception cref="SavedStateException">KVM does not take a value.</exception>
    public void Restore(SortedDictionary<uint, ulong> from)
    {
        // Not the saved value, which would be written to the guest's memory once more.
        _vcpu.TrySetMsr(Msr.KvmWallClock, 0);

        // What has its value already is left alone: some registers can be read and not written.
        var left = new SortedDictionary<uint, ulong>(from);
        foreach ((uint index, ulong current) in _readable.Read(_vcpu))
        {
            ulong initial = _others.TryGetValue(index, out ulong value) ? value : Msr.ResetValues[index];
            ulong wanted = from.GetValueOrDefault(index, initial);
            if (wanted != current)
                Set(index, wanted);
            left.Remove(index);
        }

        foreach ((uint index, ulong value) in left)
        {
            if (!Msr.ResetValues.TryGetValue(index, out ulong initial) || value != initial)
                Set(index, value);
        }
    }

    /// <summary>
    /// Part of other sections of the state, or constant, or another name, or a command rather than a state (the paravirtual wall clock), or of an
    /// interface that no guest is offered (Hyper-V's).
    /// </summary>
    private static bool BelongsElsewhere(uint index) => index is
        Msr.Tsc or Msr.TscDeadline or Msr.ApicBase or Msr.Efer or Msr.ArchCapabilities or Msr.PlatformInfo or Msr.BiosSignature or Msr.FsBase or Msr.GsBase
        or Msr.KvmSystemTimeOld or Msr.KvmWallClockOld or Msr.KvmWallClock
        or (>= HyperVFirst and <= HyperVLast);

    private void Set(uint index, ulong value)
    {
        if (_vcpu.TrySetMsr(index, value))
            return;

        // How speculation is restrained is this host's business: where it lacks what another offered, the guest is as safe as any that starts here.
        if (index == Msr.SpecCtrl && _vcpu.TrySetMsr(index, 0))
            return;
        throw new SavedStateException($"the vCPU state sets model-specific register 0x{index:x} to 0x{value:x}, which this host's KVM does not take for the CPU model {_model}");
    }
}
