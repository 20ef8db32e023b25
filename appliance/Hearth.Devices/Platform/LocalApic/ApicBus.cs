using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// Carries interrupt messages from the IOAPIC, from MSI and between processors to the local APICs, and what processors do with
/// them back.
/// </summary>
/// <remarks>It has no lock: the APICs are added before the machine runs, and each guards itself.</remarks>
public sealed class ApicBus : IApicBus
{
    private const ulong MessageWindow = 0xFEE0_0000;
    private const ulong MessageWindowMask = 0xFFFF_FFFF_FFF0_0000;
    private const int MaximumApics = 255;

    private readonly LocalApicDevice?[] _byId = new LocalApicDevice?[MaximumApics];
    private LocalApicDevice[] _all = [];
    private IProcessorSink? _ioApic;

    // Where the search for the next lowest-priority receiver begins. Arbitration is left to the implementation (Intel SDM
    // Vol. 3, section 11.6.2.4), so it is no part of the saved state.
    private uint _rotor;

    /// <summary>The local APICs in the order of their ids.</summary>
    public IReadOnlyList<LocalApicDevice> Apics => _all;

    public void Connect(IProcessorSink ioApic) => _ioApic = ioApic;

    /// <summary>A write to the message window (Intel SDM Vol. 3, section 11.11).</summary>
    public void Send(ulong address, uint data)
    {
        if ((address & MessageWindowMask) != MessageWindow)
            return;
        bool isLogical = (address & 4) != 0;
        bool isRedirected = (address & 8) != 0;
        var mode = (InterruptDeliveryMode)((data >> 8) & 7);
        if (isRedirected && isLogical && mode == InterruptDeliveryMode.Fixed)
            mode = InterruptDeliveryMode.LowestPriority;
        bool isLevel = (data & (1 << 15)) != 0;
        if (isLevel && (data & (1 << 14)) == 0)
            return;
        Deliver(new InterruptMessage(
            InterruptMessage.WidenDestination((byte)(address >> 12)), isLogical, mode, (byte)data, isLevel));
    }

    public MessageOutcome Deliver(in InterruptMessage message)
    {
        if (message.Mode == InterruptDeliveryMode.LowestPriority)
            return FindLowestPriority(message)?.Deliver(message) ?? MessageOutcome.Refused;
        if (!message.IsLogical && message.Destination != InterruptMessage.Broadcast)
        {
            LocalApicDevice? only = message.Destination < MaximumApics ? _byId[message.Destination] : null;
            return only?.Deliver(message) ?? MessageOutcome.Refused;
        }

        MessageOutcome best = MessageOutcome.Refused;
        foreach (LocalApicDevice apic in _all)
        {
            if (!apic.IsAddressedBy(message))
                continue;
            MessageOutcome outcome = apic.Deliver(message);
            if (outcome > best)
                best = outcome;
        }

        return best;
    }

    public MessageOutcome DeliverCounted(int pin, in InterruptMessage message) => Deliver(message);

    /// <summary>Of no interest here: these APICs tell of every end by its vector.</summary>
    public void Route(int pin, in InterruptMessage message)
    {
    }

    internal void Add(LocalApicDevice apic)
    {
        if (_byId[apic.Id] is not null)
            throw new MachineException($"Two local APICs have the id {apic.Id}.");
        _byId[apic.Id] = apic;
        _all = [.. _byId.OfType<LocalApicDevice>()];
    }

    internal void DeliverToAll(in InterruptMessage message, LocalApicDevice? except)
    {
        foreach (LocalApicDevice apic in _all)
        {
            if (apic != except)
                apic.Deliver(message);
        }
    }

    internal void Accepted(byte vector) => _ioApic?.Accepted(vector);

    internal void EndOfInterrupt(byte vector) => _ioApic?.EndOfInterrupt(vector);

    private LocalApicDevice? FindLowestPriority(in InterruptMessage message)
    {
        LocalApicDevice? chosen = null;
        LocalApicDevice[] all = _all;
        uint start = Interlocked.Increment(ref _rotor);
        for (uint i = 0; i < all.Length; i++)
        {
            LocalApicDevice apic = all[(start + i) % (uint)all.Length];
            if (apic.IsAddressedBy(message) && apic.IsSoftwareEnabled
                && (chosen is null || apic.TaskPriorityClass < chosen.TaskPriorityClass))
            {
                chosen = apic;
            }
        }

        return chosen;
    }
}
