using Hearth.Devices.Platform.VmGenId;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.VmGenId;

public sealed class VmGenIdTests : DeviceContractTests
{
    private const int Address = 0xE_F000;

    private readonly TestMachine _machine = new();
    private readonly List<int> _events = [];

    private byte[] Identifier => _machine.Ram.Bytes.AsSpan(Address, VmGenIdDevice.Length).ToArray();

    [Fact]
    public void Reset_WritesTheSameIdentifierAndTellsNobody()
    {
        IMachineDevice device = Create(_machine);
        device.Reset();
        byte[] first = Identifier;
        _machine.Ram.Bytes.AsSpan(Address, VmGenIdDevice.Length).Clear();

        device.Reset();

        Assert.Contains(first, value => value != 0);
        Assert.Equal(first, Identifier);
        Assert.Empty(_events);
    }

    [Fact]
    public void Restore_WritesAnotherIdentifierAndRaisesTheEvent()
    {
        IMachineDevice device = Create(_machine);
        device.Reset();
        byte[] first = Identifier;

        TestMachine.Restore(device, TestMachine.Save(device));

        Assert.NotEqual(first, Identifier);
        Assert.Equal([VmGenIdModule.GeneralPurposeEvent], _events);
    }

    protected override IMachineDevice Create(TestMachine machine) =>
        new VmGenIdModule(new CountingEntropy(), new GuestAddress(Address), _events.Add).Create(machine.Context);

    /// <summary>Other bytes every time.</summary>
    private sealed class CountingEntropy : IEntropySource
    {
        private byte _next = 1;

        public void Fill(Span<byte> buffer) => buffer.Fill(_next++);
    }
}
