namespace Hearth.Machine;

/// <summary>What a vCPU asks of its local APIC. The calls come from that vCPU's thread; the APIC takes its own lock.</summary>
public interface ILocalApic
{
    /// <summary>The highest-priority vector that the APIC would deliver now (IRR above PPR), or the PIC's when LINT0 is ExtINT.</summary>
    bool HasInterrupt { get; }

    /// <summary>Acknowledges the interrupt that <see cref="HasInterrupt"/> announced: IRR to ISR (or the PIC's INTA cycle).</summary>
    /// <returns>The vector, or -1 when nothing is deliverable any more.</returns>
    int Acknowledge();

    /// <summary>CR8: the task priority class, 0–15.</summary>
    uint TaskPriorityClass { get; set; }

    /// <summary>IA32_APIC_BASE as the guest reads it.</summary>
    ulong ApicBase { get; }

    /// <summary>
    /// Reads an MSR that belongs to the APIC: IA32_APIC_BASE, x2APIC (0x800–0x8FF), IA32_TSC_DEADLINE, and Hyper-V's EOI, ICR and TPR (0x40000070–0x40000072).
    /// </summary>
    /// <returns>False when the guest must get #GP(0).</returns>
    bool TryReadMsr(uint msr, out ulong value);

    /// <inheritdoc cref="TryReadMsr"/>
    bool TryWriteMsr(uint msr, ulong value);
}
