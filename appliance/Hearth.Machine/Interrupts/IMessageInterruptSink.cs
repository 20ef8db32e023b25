namespace Hearth.Machine;

/// <summary>Takes message-signalled interrupts: a posted write of <c>data</c> to the address the guest chose (PCI 3.0, section 6.8).</summary>
public interface IMessageInterruptSink
{
    /// <param name="address">The message address, 0xFEExxxxx for the local APICs; anything else is ignored.</param>
    /// <param name="data">Vector, delivery mode and trigger mode (Intel SDM Vol. 3, section 11.11).</param>
    void Send(ulong address, uint data);
}
