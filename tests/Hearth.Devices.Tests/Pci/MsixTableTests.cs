using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

public class MsixTableTests
{
    private const ushort Enabled = 0x8000;
    private const ushort EnabledMasked = 0xC000;

    private readonly RecordingMessages _messages = new();
    private readonly MsixTable _table;

    public MsixTableTests()
    {
        _table = new MsixTable(3, _messages);
        _table.WriteTable(16, AccessWidth.Qword, 0xFEE0_1000);
        _table.WriteTable(24, AccessWidth.Dword, 0x4041);
        _table.WriteTable(28, AccessWidth.Dword, 0);
    }

    [Fact]
    public void Notify_Unmasked_SendsMessage()
    {
        _table.SetControl(Enabled);

        _table.Notify(1);

        Assert.Equal((0xFEE0_1000UL, 0x4041U), _messages.Last);
        Assert.Equal(1, _messages.Count);
    }

    [Fact]
    public void Notify_WhileDisabled_SendsNothingAndIsNotPending()
    {
        _table.Notify(1);

        _table.SetControl(Enabled);

        Assert.Equal(0, _messages.Count);
    }

    [Fact]
    public void Notify_WhileVectorMasked_IsPendingAndSentOnceOnUnmask()
    {
        _table.SetControl(Enabled);
        _table.WriteTable(28, AccessWidth.Dword, 1);
        _table.Notify(1);
        _table.Notify(1);
        ulong pending = _table.ReadPending(0);

        _table.WriteTable(28, AccessWidth.Dword, 0);

        Assert.Equal(0b010UL, pending);
        Assert.Equal(1, _messages.Count);
        Assert.Equal(0UL, _table.ReadPending(0));
    }

    [Fact]
    public void Notify_WhileFunctionMasked_IsSentOnUnmask()
    {
        _table.SetControl(EnabledMasked);
        _table.Notify(1);
        int whileMasked = _messages.Count;

        _table.SetControl(Enabled);

        Assert.Equal(0, whileMasked);
        Assert.Equal(1, _messages.Count);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0xFFFF)]
    public void Notify_OfAbsentVector_SendsNothing(int vector)
    {
        _table.SetControl(Enabled);

        _table.Notify(vector);

        Assert.Equal(0, _messages.Count);
    }

    [Fact]
    public void Table_AfterReset_IsMasked()
    {
        _table.Reset();

        Assert.Equal(1UL, _table.ReadTable(28, AccessWidth.Dword));
        Assert.Equal(0UL, _table.ReadTable(16, AccessWidth.Qword));
        Assert.False(_table.IsEnabled);
    }

    [Fact]
    public void Table_WrittenByByte_Stays()
    {
        _table.WriteTable(24, AccessWidth.Byte, 0xFF);

        Assert.Equal(0x4041UL, _table.ReadTable(24, AccessWidth.Dword));
    }
}
