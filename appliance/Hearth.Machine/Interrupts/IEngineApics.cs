namespace Hearth.Machine;

/// <summary>The local APICs of a CPU engine that has them built in. The machine brings the PIC pair, the IOAPIC, and whatever sends messages.</summary>
public interface IEngineApics
{
    /// <summary>The local APIC of a vCPU that was created.</summary>
    IEngineApic this[int index] { get; }

    /// <summary>Sends an interrupt message (Intel SDM Vol. 3, section 11.11). From any thread; nothing is allocated.</summary>
    /// <returns>False when no local APIC took it.</returns>
    bool TrySend(ulong address, uint data);

    /// <summary>
    /// Names the message that an IOAPIC pin sends, whether it is masked or not. The end of an interrupt is told for the messages that are
    /// level-triggered.
    /// </summary>
    /// <param name="pin">0 to 23.</param>
    void SetRoute(int pin, ulong address, uint data);

    /// <summary>Adds the vectors that any local APIC has requested or in service. While no vCPU runs.</summary>
    /// <param name="into">256 bits, of vector 0 first.</param>
    void AddVectors(Span<ulong> into);

    /// <summary>
    /// Connects who is told of ends of interrupts, on the thread of the vCPU; once, before the machine runs. What an APIC accepts is told
    /// to nobody.
    /// </summary>
    void Connect(IProcessorSink sink);
}
