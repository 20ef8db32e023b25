using Hearth.Linux;
using Hearth.Machine;
using Hearth.Vm.Terminal;

namespace Hearth.Vm.Tests.Terminal;

public sealed class TerminalPortTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Input_typedBeforeTheGuestIsReady_waitsForIt()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        var device = new Device();
        using var port = new TerminalPort(null, near, () => { });
        port.Connect(device);
        far.Write("lost"u8);
        bool early = device.HasReceived.Wait(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);

        port.StartInput();
        bool late = device.HasReceived.Wait(s_patience, TestContext.Current.CancellationToken);

        Assert.Equal((false, true), (early, late));
        Assert.Equal("lost"u8, device.Received);
        far.Dispose();
    }

    private sealed class Device : ICharacterReceiver
    {
        public byte[] Received { get; private set; } = [];

        public ManualResetEventSlim HasReceived { get; } = new();

        public int Receive(ReadOnlySpan<byte> data)
        {
            Received = data.ToArray();
            HasReceived.Set();
            return data.Length;
        }
    }
}
