using Hearth.Devices.Virtio.Console;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioConsoleDeviceTests
{
    private const ulong Buffer = 0x40000;
    private const int Receive = 0;
    private const int Transmit = 1;

    private readonly FakeCharacterPort _port = new();
    private readonly VirtioRig _rig;

    public VirtioConsoleDeviceTests() => _rig = new VirtioRig(context => new VirtioConsoleDevice("virtio-console0", _port, context));

    [Fact]
    public void Output_ReachesThePort()
    {
        _rig.Start();
        "hello world"u8.CopyTo(_rig.Machine.Ram.Bytes.AsSpan((int)Buffer));
        _rig.Queue(Transmit).Add(new(Buffer, 6), new(Buffer + 6, 5));

        _rig.Kick(Transmit);

        Assert.Equal("hello world"u8, _port.Written.ToArray());
        Assert.Equal(1, _rig.Queue(Transmit).UsedIndex);
    }

    [Fact]
    public void Input_FillsTheBuffersThereAre()
    {
        _rig.Start();
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer, 4, Writable: true));

        int first = _port.Receiver!.Receive("abcdef"u8);
        _rig.Queue(Receive).Add(new TestDescriptor(Buffer + 4, 4, Writable: true));
        int second = _port.Receiver.Receive("ef"u8);

        Assert.Equal((4, 2), (first, second));
        Assert.Equal("abcdef"u8, _rig.Machine.Ram.Bytes.AsSpan((int)Buffer, 6));
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Input_BeforeDriverOk_IsLost()
    {
        Assert.Equal(3, _port.Receiver!.Receive("abc"u8));
    }

    [Fact]
    public void Output_OfAbsurdLength_IsCutOff()
    {
        _rig.Start();
        _rig.Queue(Transmit).Add(new(0, 0x80000), new(0, 0x80000), new(0, 0x80000));

        _rig.Kick(Transmit);

        Assert.Equal(1 << 20, _port.Written.Count);
    }

    /// <summary>Keeps what was written.</summary>
    internal sealed class FakeCharacterPort : ICharacterPort
    {
        public List<byte> Written { get; } = [];

        public ICharacterReceiver? Receiver { get; private set; }

        public void Write(ReadOnlySpan<byte> data) => Written.AddRange(data);

        public void Connect(ICharacterReceiver receiver) => Receiver = receiver;
    }
}
