namespace Hearth.Devices.Platform.LocalApic;

/// <summary>IA32_APIC_BASE and its state machine (Intel SDM Vol. 3, section 11.12.5, figure 11-27).</summary>
/// <remarks>
/// <code>
/// xAPIC ──► x2APIC      xAPIC ◄──► disabled      x2APIC ──► disabled      every other way is #GP
/// </code>
/// Written under the APIC's lock, read without it.
/// </remarks>
internal sealed class ApicBaseRegister(LocalApicConfiguration configuration)
{
    private const ulong Modes = ApicRegisters.BaseEnable | ApicRegisters.BaseX2Apic;

    private readonly ulong _bootstrap = configuration.Id == 0 ? ApicRegisters.BaseBootstrap : 0;
    private ulong _value;

    public ulong Value
    {
        get => Volatile.Read(ref _value);
        private set => Volatile.Write(ref _value, value);
    }

    public bool IsEnabled => (Value & ApicRegisters.BaseEnable) != 0;

    public bool IsX2Apic => (Value & ApicRegisters.BaseX2Apic) != 0;

    private ulong DefinedBits => (((1UL << configuration.PhysicalAddressBits) - 1) & ~(LocalApicDevice.PageLength - 1))
        | ApicRegisters.BaseBootstrap | ApicRegisters.BaseEnable | (configuration.HasX2Apic ? ApicRegisters.BaseX2Apic : 0);

    public void Reset() => Value = ApicRegisters.BaseDefault | ApicRegisters.BaseEnable | _bootstrap;

    public void Restore(ulong value) => Value = value & (DefinedBits | ApicRegisters.BaseBootstrap);

    /// <summary>True when an address lies in the register page: in xAPIC mode, wherever the guest has moved it.</summary>
    public bool IsPageAt(ulong address)
    {
        ulong value = Value;
        return (value & Modes) == ApicRegisters.BaseEnable && (address ^ value) < LocalApicDevice.PageLength;
    }

    /// <summary>Takes what a guest writes; the bootstrap flag stays as it is.</summary>
    /// <returns>False for #GP: a reserved bit, or a way between modes that does not exist.</returns>
    public bool TryWrite(ulong value)
    {
        ulong from = Value & Modes;
        ulong to = value & Modes;
        bool exists = to == from || to == 0 || (to == Modes ? from == ApicRegisters.BaseEnable : to == ApicRegisters.BaseEnable && from == 0);
        if ((value & ~DefinedBits) != 0 || !exists)
            return false;
        Value = (value & ~ApicRegisters.BaseBootstrap) | _bootstrap;
        return true;
    }
}
