using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>The model-specific registers of a vCPU: those that every engine has, and what else this kernel's KVM keeps.</summary>
internal sealed class MsrSet
{
    private const uint HyperVFirst = 0x4000_0000;
    private const uint HyperVLast = 0x4000_0FFF;

    private readonly KvmVcpuHandle _vcpu;
    private readonly string _model;
    private readonly IReadOnlyDictionary<uint, ulong> _reset;
    private readonly ParavirtualInterface _paravirtual;

    // What KVM can read here, and the values that are saved only where the guest has changed them: of this KVM alone, as it has them at RESET.
    private readonly MsrBlock _readable;
    private readonly Dictionary<uint, ulong> _others = [];

    /// <param name="vcpu">Just created, its CPUID set.</param>
    /// <param name="kept">What KVM says it saves and restores.</param>
    public MsrSet(KvmVcpuHandle vcpu, IEnumerable<uint> kept, CpuModel model, ParavirtualInterface paravirtual)
    {
        _vcpu = vcpu;
        _model = model.Name;
        _reset = Msr.ResetValues(paravirtual);
        _paravirtual = paravirtual;
        var readable = new List<uint>();
        foreach (uint index in _reset.Keys.Union(kept.Where(index => !BelongsElsewhere(index))))
        {
            if (!vcpu.TryGetMsr(index, out ulong value))
                continue;
            readable.Add(index);
            if (!_reset.ContainsKey(index))
                _others[index] = value;
        }

        _readable = new MsrBlock(readable);
    }

    public void Save(SortedDictionary<uint, ulong> to)
    {
        foreach ((uint index, ulong initial) in _reset)
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
        if (_paravirtual == ParavirtualInterface.HyperV)
            RestoreHypercalls(left);
        foreach ((uint index, ulong current) in _readable.Read(_vcpu))
        {
            ulong initial = _others.TryGetValue(index, out ulong value) ? value : _reset[index];
            ulong wanted = from.GetValueOrDefault(index, initial);
            if (wanted != current)
                Set(index, wanted);
            left.Remove(index);
        }

        foreach ((uint index, ulong value) in left)
        {
            if (!_reset.TryGetValue(index, out ulong initial) || value != initial)
                Set(index, value);
        }
    }

    /// <summary>
    /// KVM takes the page of hypercalls only while there is a guest's identity, and disables it when that goes; it writes the page's code, in the words of this host's
    /// make of processor, when the register is set.
    /// </summary>
    private void RestoreHypercalls(SortedDictionary<uint, ulong> from)
    {
        const ulong Anybody = 1;
        ulong identity = from.GetValueOrDefault(Msr.HyperVGuestOsId);
        ulong page = from.GetValueOrDefault(Msr.HyperVHypercall);
        if (_vcpu.TryGetMsr(Msr.HyperVHypercall, out ulong current) && current != page)
        {
            Set(Msr.HyperVGuestOsId, identity == 0 ? Anybody : identity);
            Set(Msr.HyperVHypercall, page);
        }

        Set(Msr.HyperVGuestOsId, identity);
    }

    /// <summary>
    /// Part of other sections of the state, or constant, or another name, or a command rather than a state (the paravirtual wall clock), or of
    /// Hyper-V's interface and not part of the state.
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
