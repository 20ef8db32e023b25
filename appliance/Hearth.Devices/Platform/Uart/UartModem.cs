using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>The modem lines: MCR drives four outputs, MSR shows four inputs and what changed (PC16550D, sections 8.7 and 8.8).</summary>
/// <param name="cable">The inputs while nothing is looped back.</param>
internal sealed class UartModem(ModemStatuses cable)
{
    /// <summary>MCR.</summary>
    public ModemControls Controls { get; private set; }

    public bool Loopback => (Controls & ModemControls.Loopback) != 0;

    /// <summary>OUT2 lets the interrupt through to the ISA bus; in loopback the pin is inactive whatever its bit says.</summary>
    public bool InterruptConnected => (Controls & (ModemControls.Out2 | ModemControls.Loopback)) == ModemControls.Out2;

    public bool HasChanges => (Status & ModemStatuses.Changes) != 0;

    private ModemStatuses Status { get; set; }

    public void Reset()
    {
        Controls = ModemControls.None;
        Status = cable;
    }

    public void WriteControls(ModemControls value)
    {
        Controls = value & ModemControls.All;
        ModemStatuses lines = Loopback ? LoopedLines() : cable;
        ModemStatuses changed = (lines ^ Status) & ModemStatuses.Lines;
        Status = lines | (Status & ModemStatuses.Changes);
        if ((changed & ModemStatuses.ClearToSend) != 0)
            Status |= ModemStatuses.ClearToSendChanged;
        if ((changed & ModemStatuses.DataSetReady) != 0)
            Status |= ModemStatuses.DataSetReadyChanged;
        if ((changed & ~lines & ModemStatuses.Ring) != 0)
            Status |= ModemStatuses.RingTrailingEdge;
        if ((changed & ModemStatuses.Carrier) != 0)
            Status |= ModemStatuses.CarrierChanged;
    }

    /// <summary>Reads MSR, which forgets the changes.</summary>
    public ModemStatuses ReadStatus()
    {
        ModemStatuses status = Status;
        Status &= ~ModemStatuses.Changes;
        return status;
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte((byte)Controls);
        to.WriteByte((byte)Status);
    }

    public void Restore(IStateReader from)
    {
        Controls = (ModemControls)from.ReadByte() & ModemControls.All;
        Status = (ModemStatuses)from.ReadByte();
    }

    /// <summary>In loopback the four outputs drive the four inputs.</summary>
    private ModemStatuses LoopedLines()
    {
        ModemStatuses lines = ModemStatuses.None;
        if ((Controls & ModemControls.RequestToSend) != 0)
            lines |= ModemStatuses.ClearToSend;
        if ((Controls & ModemControls.DataTerminalReady) != 0)
            lines |= ModemStatuses.DataSetReady;
        if ((Controls & ModemControls.Out1) != 0)
            lines |= ModemStatuses.Ring;
        if ((Controls & ModemControls.Out2) != 0)
            lines |= ModemStatuses.Carrier;
        return lines;
    }
}
